"""The ways in which a mutant differs from the code: one small change at one place."""

from __future__ import annotations

import ast
from dataclasses import dataclass

COMPARISONS = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Div: "*", ast.BitOr: "&"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one place. Offsets are bytes of the file.

    Attributes:
        kind: the operator's name.
        lines: the lines that the place covers, from 1.
    """

    path: str
    kind: str
    lines: range
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """The file with the change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order of their places."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda m: (m.start, m.end, m.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    # -- what is left alone: types, texts for people, what only documents

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self._condition(node.test)
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not any("Protocol" in ast.unparse(b) for b in node.bases):
            for each in node.body:
                self.visit(each)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        for each in node.body:
            self.visit(each)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        """It tells the type checker, and what cannot be."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Mostly words."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if ast.unparse(node.value) != "Literal":
            self.generic_visit(node)

    # -- operators

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if type(op) in COMPARISONS:
                self._between(node, left, right, COMPARISONS[type(op)], "comparison")
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(node, left, right, word, "boolean")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        word = ARITHMETIC.get(type(node.op))
        texts = any(isinstance(n, ast.JoinedStr) for n in ast.walk(node))
        if word and not texts:
            self._between(node, node.left, node.right, word, "arithmetic")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, f"({self._text(node.operand)})", "negation")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._condition(test)
            self._replace(test, "True", "filter")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace(node, str(not value), "constant")
        elif isinstance(value, int):
            self._replace(node, str(value + 1), "constant")
        elif isinstance(value, str) and " " not in value:  # not a sentence, not SQL
            self._replace(node, repr(value + "X"), "constant")

    # -- statements

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not _is(node.value, None):
            self._replace(node, "return None", "return")
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass", "raise")  # what it says is told to people

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if not isinstance(node.value, ast.Yield):
            self._replace(node, "pass", "statement")
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(t, (ast.Attribute, ast.Subscript)) for t in node.targets):
            self._replace(node, "pass", "statement")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass", "statement")
        self.visit(node.value)

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "pass", "statement")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "pass", "statement")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """A handler that never handles; one that swallows what it would have raised is `raise`."""
        if node.type is not None:
            self._replace(node.type, "()", "exception")
        for each in node.body:
            self.visit(each)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in {"hint", "code", "wanted_by"}:
            self.visit(node.value)

    # -- places

    def _condition(self, test: ast.expr) -> None:
        if not isinstance(test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            self._replace(test, f"(not ({self._text(test)}))", "condition")

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _replace(self, node: ast.expr | ast.stmt, text: str, kind: str) -> None:
        start, end = self._span(node)
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        self.found.append(Mutant(self._path, kind, lines, start, end, text))

    def _between(
        self, node: ast.expr, left: ast.expr, right: ast.expr, word: str, kind: str
    ) -> None:
        """Another operator between two operands; brackets around those stay."""
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self._source[start:end].decode()
        lead = len(gap) - len(gap.lstrip(" )\n"))
        tail = len(gap) - len(gap.rstrip(" (\n"))
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        self.found.append(Mutant(self._path, kind, lines, start + lead, end - tail, word))


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
