"""Reads YAML into a tree with positions, and reports everything wrong with it.

PyYAML's C parser gives the events; the rest is ours: the core schema of YAML 1.2, duplicate
keys, and limits that make a document of bounded size out of any input. Building from events,
not with PyYAML's composer, keeps deep nesting from exhausting the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from penstock.diagnostics import Diagnostic
from penstock.spec.positions import Positions
from penstock.spec.scalars import resolve
from penstock.spec.syntax import syntax_error, unreadable_characters
from penstock.spec.text import TextFile
from penstock.spec.tree import Entry, Node, Path

MAX_DEPTH = 64
MAX_NODES = 200_000
_TAG = "tag:yaml.org,2002:"
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    Attributes:
        root: None where the text is empty or cannot be read at all.
        diagnostics: codes `PSK-YAML-0…`.
    """

    file: TextFile
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def data(self) -> Any:
        """The plain value; None where there is none."""
        return self.root.data() if self.root else None

    @property
    def positions(self) -> Positions:
        """Where everything stands."""
        return Positions(self.root, file=self.file.name)


def read_yaml(text: str, file: str) -> Document:
    """Read one YAML document.

    >>> read_yaml("on: [no, 1]", "a.yaml").data
    {'on': ['no', 1]}
    """
    source = TextFile(file, text.removeprefix("\ufeff"))
    problems = unreadable_characters(source)
    if problems:
        return Document(source, None, tuple(problems))
    builder = _Builder(source)
    try:
        builder.read()
    except yaml.MarkedYAMLError as error:
        return Document(source, None, (*builder.problems, syntax_error(source, error)))
    except _Stop:
        return Document(source, None, tuple(builder.problems))
    found = sorted(
        (d.span.line, d.span.column, n) for n, d in enumerate(builder.problems) if d.span
    )
    return Document(source, builder.root, tuple(builder.problems[n] for *_, n in found))


class _Stop(Exception):
    """Reading further would not help; the reason is already among the problems."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet."""

    event: Any
    keys: list[_Key]
    nodes: list[Node]
    end: int

    @property
    def wants_key(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent) and len(self.keys) == len(self.nodes)


@dataclass(frozen=True, slots=True)
class _Key:
    text: str
    start: int
    end: int
    usable: bool


class _Builder:
    def __init__(self, file: TextFile) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Diagnostic] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[int, tuple[int, int]] = {}  # values and levels, aliases expanded
        self.documents = 0
        self.count = 0

    def read(self) -> None:
        loader = _PARSER(self.file.text)
        try:
            while loader.check_event():
                self.event(loader.get_event())
        finally:
            loader.dispose()
        if self.root and self.root.value is None and not self.root.text:
            self.root = None

    def event(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.problem(
                    "PSK-YAML-006",
                    "a second YAML document starts here",
                    event,
                    hint="a file holds one document; remove the `---` and what follows",
                )
                raise _Stop
        elif isinstance(event, yaml.CollectionStartEvent):
            self.check_tag(event)
            self.check_depth(1, event)
            self.stack.append(_Open(event, [], [], _begin(event)))
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(event)
        elif isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)

    def scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        style = event.style or ""
        if style in {"|", ">"}:  # the mark stands behind the line ends that follow the block
            end = start + len(self.file.text[start:end].rstrip())
        if self.stack and self.stack[-1].wants_key:
            self.key(event, start, end)
            return
        self.check_tag(event)
        value = resolve(event.value) if self.is_plain(event) else event.value
        self.add(Node(value, self.file, start, end, style, event.value), event)

    def is_plain(self, event: Any) -> bool:
        if event.tag and event.tag.startswith(_TAG):
            return bool(event.tag != _TAG + "str")
        return not event.style

    def key(self, event: Any, start: int, end: int) -> None:
        """A scalar in the place of a key. Keys are text: `on` is the text `on`."""
        text, usable = event.value, True
        if not event.style and not isinstance(resolve(text), str):
            kind = "empty" if not text else f"`{text}`, which YAML does not read as text"
            self.problem(
                "PSK-YAML-007",
                f"a key is {kind}",
                event,
                hint=f'put it in quotes: "{text}"' if text else None,
            )
        if not event.style and text == "<<":
            self.problem(
                "PSK-YAML-008",
                "`<<` (merge keys) is not part of YAML 1.2",
                event,
                hint="write the keys out, or use a profile",
            )
            usable = False
        self.stack[-1].keys.append(_Key(text, start, end, usable))

    def alias(self, event: Any) -> None:
        name = event.anchor
        if name not in self.anchors:
            opened = any(o.event.anchor == name for o in self.stack)
            why = (
                "an alias stands inside what it stands for" if opened else "nothing has the anchor"
            )
            self.problem(
                "PSK-YAML-009", f"`*{name}`: {why}" + ("" if opened else f" `&{name}`"), event
            )
            self.add(Node(None, self.file, event.start_mark.index, event.end_mark.index), event)
            del self.anchors[name]
            return
        node = self.anchors[name]
        size, height = self.sizes[id(node)]
        self.grow(size, event)
        self.check_depth(height, event)
        self.place(node, event.end_mark.index, event)

    def close(self, event: Any) -> None:
        opened = self.stack.pop()
        start = opened.event.start_mark.index
        flow = opened.event.flow_style
        end = event.end_mark.index if flow else opened.end
        if isinstance(opened.event, yaml.SequenceStartEvent):
            node = Node(tuple(opened.nodes), self.file, start, end)
        else:
            node = Node(self.entries(opened), self.file, start, end)
        inner = [self.sizes[id(n)] for n in opened.nodes]
        size = (1 + sum(s for s, _ in inner), 1 + max((h for _, h in inner), default=0))
        self.add(node, opened.event, size)

    def entries(self, opened: _Open) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key, node in zip(opened.keys, opened.nodes, strict=True):
            span = self.file.span(key.start, key.end)
            if key.text in entries:
                first = entries[key.text].key
                self.problems.append(
                    Diagnostic(
                        "PSK-YAML-003",
                        f"the key `{key.text}` is given twice",
                        span,
                        f"it is first given on line {first.line}; keep one of them",
                    )
                )
            elif key.usable:
                entries[key.text] = Entry(span, node)
        return entries

    def add(self, node: Node, event: Any, size: tuple[int, int] = (1, 0)) -> None:
        """A new node: count it, remember its anchor, put it in its place."""
        self.grow(1, event)
        self.sizes[id(node)] = size
        if event.anchor:
            self.anchors[event.anchor] = node
        self.place(node, node.end, event)

    def place(self, node: Node, end: int, event: Any) -> None:
        if not self.stack:
            self.root = node
        elif self.stack[-1].wants_key:
            self.problem(
                "PSK-YAML-007", "a key is a list or a mapping", event, hint="a key is text"
            )
            self.stack[-1].keys.append(_Key("", node.start, node.end, usable=False))
        else:
            self.stack[-1].nodes.append(node)
            self.stack[-1].end = end

    def grow(self, size: int, event: Any) -> None:
        self.count += size
        if self.count > MAX_NODES:
            self.problem(
                "PSK-YAML-004",
                f"more than {MAX_NODES:,} values, aliases expanded",
                event,
                hint="a definition is small; data belongs into files",
            )
            raise _Stop

    def check_depth(self, height: int, event: Any) -> None:
        if len(self.stack) + height > MAX_DEPTH:
            self.problem("PSK-YAML-005", f"nested deeper than {MAX_DEPTH} levels", event)
            raise _Stop

    def check_tag(self, event: Any) -> None:
        tag = event.tag
        known = {_TAG + t for t in ("str", "int", "float", "bool", "null", "map", "seq")}
        if tag and tag != "!" and tag not in known:
            shown = tag.replace(_TAG, "!!")
            self.problem(
                "PSK-YAML-010", f"the tag `{shown}` means nothing here", event, hint="remove it"
            )

    def problem(self, code: str, message: str, event: Any, *, hint: str | None = None) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        span = self.file.span(start, max(end, min(start + 1, len(self.file.text))))
        self.problems.append(Diagnostic(code, message, span, hint))


def _begin(event: Any) -> int:
    begin: int = event.start_mark.index
    return begin


__all__ = ["Document", "Path", "read_yaml"]
