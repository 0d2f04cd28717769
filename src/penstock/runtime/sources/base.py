"""What the run loop asks of a source. One folder of at most three files implements it.

`options.py` declares the options as a standard-library dataclass (spec validates against it and
takes the JSON schema from it); `source.py` holds the code, imported when a run needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Column, Read
    from penstock.runtime.engines.base import Engine, Extracted, InputFile


STATE = "state"
"""The type of a watermark that is no value of a column: what a source remembers, in its words."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a source that one run reads.

    Attributes:
        identity: the same for the same content; part of the run's identity.
        files: for sources made of files.
        bounds: for sources read by a column or an offset: what to ask for.
    """

    identity: str
    files: tuple[InputFile, ...] = ()
    bounds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inferred:
    """What a source without a schema was found to hold."""

    schema: tuple[Column, ...]
    origin: str


class Source(Protocol):
    """Reads one dataset. Built as `Source(read, root)`, with secrets resolved in its options.

    A source may also have:

    - `honours_bounds = True`: `extract` gives the rows inside `Slice.bounds` and no other
      (docs/decisions/0022); without it, the run loop cuts what it gives;
    - `unread`: names of options whose secrets nobody needs who reads; they are left out;
    - `within(bounds)`: told before `plan`, so that less can be asked for; rows outside are cut;
    - `resume(state)`: told before `plan` what it remembered when it was read last; None: nothing.
      Then `reached` is what it remembers after `extract`, as a watermark of the type `STATE`
      (`incremental: state`, docs/decisions/0040);
    - `note()`: what the report says of the reading;
    - `record_format`: the format that the text of its rejected records has, where it is not told
      by `options` or a file's suffix; such records can be replayed;
    - `shapes(schema, *, grow)`: the different columns that what is there has, for schemas that
      change and for `penstock discover`.
    """

    def __init__(self, read: Read, root: Path) -> None: ...

    def check(self) -> None:
        """Whether there is something to read, cheaply: `validate` asks, and warns.

        Raises:
            SourceUnavailable: there is nothing now; a run would end.
        """

    def plan(self) -> Slice:
        """What there is to read now.

        Raises:
            SourceUnavailable: it is missing or unreachable.
        """

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the slice's rows.

        Raises:
            SourceUnavailable: it went away or changed since `plan`.
        """

    def infer(self) -> Inferred:
        """The schema of what is there, by looking at samples (called by the compiler only)."""
