"""Options of the `s3` source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.runtime.sources.file.options import FileSourceOptions

if TYPE_CHECKING:
    from collections.abc import Callable


class S3Path(str):
    """`s3://bucket/prefix/*.csv`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """How the compiler's models check it. A core schema is plain data: nothing is imported."""
        checked = {"type": "no-info", "function": cls.checked}
        return {"type": "function-after", "function": checked, "schema": handler(str)}

    @classmethod
    def checked(cls, text: str) -> str:
        """The address as it is.

        Raises:
            ValueError: it does not begin with `s3://` and a bucket.
        """
        scheme, _, rest = text.partition("://")
        if text.startswith("${") or (scheme in {"s3", "s3a"} and rest.strip("/").count("/")):
            return text
        raise ValueError(f"`{text}` is not an address such as `s3://bucket/folder/*.csv`")


@dataclass(frozen=True, slots=True)
class S3SourceOptions(FileSourceOptions):
    """Files of a bucket.

    Attributes:
        path: `s3://bucket/prefix/*.csv.gz`: a key or glob; `*` stays within a folder, `**` goes
            through them. gz and zst are unpacked.
        region: default: `AWS_REGION`, or the profile's.
    """

    path: S3Path
    region: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
