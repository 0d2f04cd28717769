"""The tree of a YAML document, each node with its place in the text.

Profiles, references and recorded schemas work on this tree, so that the plain data and the
positions taken from it at the end always agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.diagnostics import Span
    from penstock.spec.scalars import Scalar
    from penstock.spec.text import TextFile

Path = tuple[str | int, ...]
OUTSIDE = "outside"
"""Style of a value that is not in the file: it came from the command line or the environment."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A reference that was replaced: `[start, end)` of the new text stood at `[was, was_end)`."""

    start: int
    end: int
    was: int
    was_end: int


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a mapping or a sequence.

    Attributes:
        value: a scalar, a mapping key → `Entry`, or a tuple of nodes.
        start: offset of its first character in the file's text (of the quote, of `|`).
        end: offset behind its last character.
        style: of a scalar: `""` plain, `'`, `"`, `|`, `>`, or `OUTSIDE`.
        text: a scalar's text as the YAML gives it, before it is typed or references replaced.
        edits: the references replaced in `value`.
    """

    value: Scalar | Mapping[str, Entry] | tuple[Node, ...]
    file: TextFile = field(repr=False)
    start: int
    end: int
    style: str = ""
    text: str = ""
    edits: tuple[Edit, ...] = ()

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.file.span(self.start, self.end)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Its entries; none unless it is a mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """Its items; none unless it is a sequence."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, with entries or without."""
        return isinstance(self.value, Mapping)

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a mapping nor a sequence."""
        return not isinstance(self.value, Mapping | tuple)

    def get(self, *path: str) -> Node | None:
        """The node at a path of mapping keys."""
        node = self
        for key in path:
            if key not in node.entries:
                return None
            node = node.entries[key].node
        return node

    def data(self) -> Any:
        """The plain value: `dict`, `list` and scalars."""
        if isinstance(self.value, Mapping):
            return {key: entry.node.data() for key, entry in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.data() for item in self.value]
        return self.value

    def with_entry(self, key: str, entry: Entry | None) -> Node:
        """The same mapping with one entry set, or left out."""
        entries = dict(self.entries)
        if entry is None:
            entries.pop(key, None)
        else:
            entries[key] = entry
        return replace(self, value=entries)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Every node below and including this one, with its path."""
        yield path, self
        for key, entry in self.entries.items():
            yield from entry.node.walk((*path, key))
        for index, item in enumerate(self.items):
            yield from item.walk((*path, index))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a mapping: where its key stands, and its value."""

    key: Span
    node: Node
