"""Where each key and value of the definition stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.diagnostics import Span
from penstock.spec.alignment import align

if TYPE_CHECKING:
    from penstock.spec.tree import Node, Path


class Positions:
    """Spans by path, such as `("transforms", "clean", "steps", 0, "derive", "is_late")`.

    A path that is not known gives the span of its nearest known ancestor, so a lookup never
    fails.
    """

    def __init__(self, root: Node | None, *, file: str = "pipeline.yaml") -> None:
        self._root = root
        self._default = root.file.span(0, 0) if root else Span(file, 1, 1, 1, 1)

    def key(self, path: Path) -> Span:
        """The key's span; for an item of a sequence, the item's."""
        key, node, known = self._find(path)
        if known and key is not None:
            return key
        return node.span if known and node else self._ancestor(path)

    def value(self, path: Path) -> Span:
        """The value's span."""
        key, node, known = self._find(path)
        if not known or node is None:
            return self._ancestor(path)
        # An empty value stands nowhere: its key is shown.
        return key if key is not None and node.start == node.end else node.span

    def inside(self, path: Path, offset: int, length: int) -> Span:
        """The span of `length` characters at `offset` of a scalar's text.

        Exact wherever the text can be traced back through quotes, folding and `${…}`
        references, else the whole value.
        """
        _, node, known = self._find(path)
        if not known or node is None:
            return self._ancestor(path)
        return inside(node, offset, length)

    def _find(self, path: Path) -> tuple[Span | None, Node | None, bool]:
        """Key and node of the path, or of its deepest known ancestor; whether all was found."""
        node, key = self._root, None
        for step in path:
            if node is None:
                return key, node, False
            if isinstance(step, str) and step in node.entries:
                entry = node.entries[step]
                key, node = entry.key, entry.node
            elif isinstance(step, int) and 0 <= step < len(node.items):
                key, node = None, node.items[step]
            else:
                return key, node, False
        return key, node, True

    def _ancestor(self, path: Path) -> Span:
        """What stands for something that is not there: its parent's key, else its parent."""
        key, node, _ = self._find(path)
        return key or (node.span if node and node is not self._root else self._default)


def inside(node: Node, offset: int, length: int) -> Span:
    """The span of `length` characters at `offset` of a scalar node's value."""
    text = node.value if isinstance(node.value, str) else node.text
    if not node.is_scalar or not 0 <= offset <= len(text):
        return node.span
    start = _unedited(node, offset)
    end = _unedited(node, min(offset + max(length, 0), len(text)), is_end=True)
    places = align(node.file.text[node.start : node.end], node.style, node.text)
    if places is None:
        return node.span
    first = places[start][0]
    last = places[end - 1][1] if end > start else first
    return node.file.span(node.start + first, node.start + max(first, last))


def _unedited(node: Node, offset: int, *, is_end: bool = False) -> int:
    """The offset in the text as it was before references were replaced."""
    shift = 0
    for edit in node.edits:
        if edit.start < offset < edit.end or (edit.start == offset and not is_end):
            return edit.was_end if is_end else edit.was
        if offset >= edit.end:
            shift = edit.was_end - edit.end
    return offset + shift
