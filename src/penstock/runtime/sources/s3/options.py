"""Options of the `s3` source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from penstock.runtime.option_text import OptionText
from penstock.runtime.sources.file.options import FileSourceOptions


class S3Path(OptionText):
    """`s3://bucket/prefix/*.csv`."""

    __slots__ = ()

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
