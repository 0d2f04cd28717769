"""The records of an XML document: elements, as values that JSON can hold.

An element without attributes and children is its text; else it is an object: children by name
(several of a name: a list), attributes as `_name`, text beside them as `_value`. Prefixes of
namespaces are left off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.parsers import expat

from penstock.errors import StepFailed
from penstock.runtime.engines.duckdb.textfiles import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE_DOCUMENT = "PSK-SRC-051"
MOST_DEEP = 100
VALUE = "_value"
_NIL = "xsi:nil"


@dataclass(frozen=True, slots=True)
class Record:
    """An element.

    Attributes:
        line: where it starts, from 1.
        value: text, None, or an object of values and lists.
        raw: the element as it stands in the file; only where it was asked for.
        fault: what is wrong with it; None: nothing.
    """

    line: int
    value: Any
    raw: str = ""
    fault: str | None = None


@dataclass(slots=True)
class _Node:
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    nil: bool = False

    def value(self) -> Any:
        text = "".join(self.texts)
        if self.nil:
            return None
        if not self.values:
            return text
        if text.strip():
            self.values[VALUE] = text
        return self.values

    def add(self, name: str, value: Any) -> None:
        """A child; a second one of its name makes a list."""
        if name not in self.values:
            self.values[name] = value
        elif isinstance(self.values[name], Several):
            self.values[name].append(value)
        else:
            self.values[name] = Several([self.values[name], value])


class Several(list[Any]):
    """The values of children that have the same name."""

    __slots__ = ()


class Document:
    """Reads one document.

    Args:
        name: the file's name, for messages.
        row: name of the elements that are records; None: the children of the root.
        encoding: None: as the document says, or UTF-8.
        raw: whether to give each element's own text.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        row: str | None = None,
        encoding: str | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self._stream, self._name, self._row, self._raw = stream, name, row, raw
        self._encoding = encoding
        self._depth = 0
        self._nodes: list[_Node] = []
        self._line = self._start = 0
        self._too_deep = False
        self._done: list[Record] = []
        self._buffer, self._base = b"", 0
        self._parser = parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = self._texted
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._entity
        parser.SkippedEntityHandler = self._entity

    def records(self) -> Iterator[Record]:
        """Every record.

        Raises:
            StepFailed: the document is not well formed, or declares entities.
        """
        ended = False
        while not ended:
            chunk = self._stream.read(CHUNK)
            ended = not chunk
            if self._raw:
                keep = self._start - self._base if self._nodes else len(self._buffer)
                self._buffer = self._buffer[keep:] + chunk
                self._base += keep
            try:
                self._parser.Parse(chunk, ended)
            except expat.ExpatError as error:
                what = expat.errors.messages.get(error.code, str(error))
                raise self._broken(what, error.lineno, error.offset + 1) from error
            except (LookupError, UnicodeError, ValueError) as error:
                raise self._broken(str(error), self._parser.CurrentLineNumber, 1) from error
            yield from self._done
            self._done.clear()

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = _local(name)
        if not self._nodes:
            if local != self._row if self._row else self._depth != 2:
                return
            self._line = self._parser.CurrentLineNumber
            self._start = self._parser.CurrentByteIndex
            self._too_deep = False
        node = _Node(local)
        if len(self._nodes) >= MOST_DEEP:
            self._too_deep = True
        for key, value in attributes.items():
            if key == _NIL:
                node.nil = value.strip() in {"true", "1"}
            elif not key.startswith(("xmlns", "xsi:")):
                node.add(f"_{_local(key)}", value)
        self._nodes.append(node)

    def _closed(self, _: str) -> None:
        self._depth -= 1
        if not self._nodes:
            return
        node = self._nodes.pop()
        if self._nodes:
            if not self._too_deep:
                self._nodes[-1].add(node.name, node.value())
            return
        fault = f"it is nested more than {MOST_DEEP} deep" if self._too_deep else None
        value = node.value()
        if fault is None and not isinstance(value, dict) and value is not None:
            value = {VALUE: value} if value.strip() else {}
        raw = ""
        if self._raw or fault:
            raw = self._text(self._parser.CurrentByteIndex)
        self._done.append(Record(self._line, value or {}, raw, fault))

    def _texted(self, text: str) -> None:
        if self._nodes:
            self._nodes[-1].texts.append(text)

    def _text(self, end: int) -> str:
        """The element that ends with the tag at an offset."""
        start = self._start - self._base
        after = self._buffer.find(b">", end - self._base) + 1
        found = self._buffer[start : after or None]
        return found.decode(self._encoding or "utf-8", errors="backslashreplace")

    def _entity(self, *_: Any) -> int:
        line = self._parser.CurrentLineNumber
        raise self._broken("it declares or uses entities of its own, which are not read", line, 1)

    def _broken(self, what: str, line: int, column: int) -> StepFailed:
        return StepFailed(
            f"`{self._name}` is not a whole XML document: line {line}, column {column}: {what}",
            code=CODE_DOCUMENT,
            hint="nothing of it was taken in",
        )


def _local(name: str) -> str:
    return name.rpartition(":")[2]
