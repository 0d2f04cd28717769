"""Options of the `dlt` source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from penstock.runtime.option_text import OptionText

_REFERENCE = re.compile(r"(?:[^:\\]+\.py|[A-Za-z_][\w.]*):[A-Za-z_]\w*", re.ASCII)


class Reference(OptionText):
    """Where a dlt source is: `MODULE:FUNCTION`, or `FILE.py:FUNCTION`."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The reference as it is.

        Raises:
            ValueError: it has another form, or its file is outside the pipeline folder.
        """
        if text.startswith("${"):
            return text
        place = text.partition(":")[0]
        if not _REFERENCE.fullmatch(text):
            raise ValueError(
                f"`{text}` is not MODULE:FUNCTION, such as `steps/github.py:issues` or "
                "`dlt.sources.rest_api:rest_api_source`"
            )
        if place.startswith("/") or ".." in place.split("/"):
            raise ValueError(f"`{place}` is outside the pipeline folder")
        return text


@dataclass(frozen=True, slots=True)
class DltSourceOptions:
    """A resource of the dlt package, as it yields its records.

    Attributes:
        source: `MODULE:FUNCTION`, of a file of the pipeline folder (`steps/github.py:issues`), or
            of an installed package (`dlt.sources.rest_api:rest_api_source`): a dlt source, a
            resource, or a function that gives one.
        resource: which resource, of a source that has several.
        arguments: of the function; secrets are `${secret.NAME}`.
        max_bytes: a reading of more bytes ends the run; default 10 GB.
    """

    source: Reference
    resource: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    max_bytes: int = 10 * 10**9

    keeps_state: ClassVar[bool] = True
    """`incremental: state`: what the resource remembers is kept by the ledger."""
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.max_bytes < 1:
            raise ValueError("`max_bytes` is at least 1")
