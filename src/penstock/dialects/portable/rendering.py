"""Expressions in an engine's SQL, from the leaves up; what has no rendering here is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable import casts, operators
from penstock.dialects.portable.aggregating import DONE
from penstock.dialects.portable.call import Call, Ordering
from penstock.dialects.portable.reading import called, place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.typing import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Function
    from penstock.dialects.portable.typing import Typer


class Renderer:
    """Renders the expressions of one query for one engine.

    Args:
        query: renders a query that stands inside an expression.
    """

    def __init__(self, engine: Engine, typer: Typer, query: Callable[[exp.Expr], str]) -> None:
        self.engine = engine
        self.typer = typer
        self._query = query

    def sql(self, node: exp.Expr) -> str:
        """An expression in the engine's SQL, safe to stand beside an operator.

        Raises:
            Refusal: it is outside the portable language, or this engine cannot do it.
        """
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            made: str = method(node)
            return made
        render = operators.OPERATORS.get(type(node))
        if render is not None:
            return render(self, node)
        return self._unknown(node)

    def type(self, node: exp.Expr) -> str:
        """The canonical type of an expression."""
        return self.typer.type(node)

    def coerced(self, node: exp.Expr, type_name: str) -> str:
        """An expression brought to a type that values of several types meet in."""
        found = self.type(node)
        if type_name in (found, "null"):
            return self.sql(node)
        if found == "null":
            return f"CAST(NULL AS {self.engine.type_name(type_name)})"
        if isinstance(node, exp.Literal) and not node.is_string and type_name != "double":
            return self.sql(node) if type_name != "varchar" else self.engine.string(str(node.this))
        return casts.cast(self, self.sql(node), found, type_name, node)

    # -- leaves -----------------------------------------------------------------------------

    def _column(self, node: exp.Column) -> str:
        return self.engine.name_of(node.table, node.name)

    def _identifier(self, node: exp.Identifier) -> str:
        return self.engine.name_of(node.name)

    def _literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return self.engine.string(str(node.this))
        kind = self.type(node)
        text = str(node.this)
        if kind == "double":
            return f"CAST({self.engine.string(text)} AS {self.engine.type_name('double')})"
        return f"0{text}" if text.startswith(".") else text

    def _boolean(self, node: exp.Boolean) -> str:
        return "TRUE" if node.this else "FALSE"

    def _null(self, _: exp.Null) -> str:
        return "NULL"

    def _paren(self, node: exp.Paren) -> str:
        inner = self.sql(node.this)
        return inner if inner.startswith("(") and _closes(inner) else f"({inner})"

    def _alias(self, node: exp.Alias) -> str:
        return self.sql(node.this)

    # -- queries inside ---------------------------------------------------------------------

    def _subquery(self, node: exp.Subquery) -> str:
        return f"({self._query(node.this)})"

    def _exists(self, node: exp.Exists) -> str:
        return f"EXISTS({self._query(node.this)})"

    def query(self, node: exp.Expr) -> str:
        """A query inside an expression, without parentheses."""
        return self._query(node.this if isinstance(node, exp.Subquery) else node)

    # -- casts ------------------------------------------------------------------------------

    def _cast(self, node: exp.Cast) -> str:
        source, target = self.type(node.this), self.type(node)
        return casts.cast(self, self.sql(node.this), source, target, node)

    def _trycast(self, node: exp.TryCast) -> str:
        source, target = self.type(node.this), self.type(node)
        return casts.try_cast(self, self.sql(node.this), source, target, node)

    # -- calls ------------------------------------------------------------------------------

    def _anonymous(self, node: exp.Anonymous) -> str:
        return self._called(node)

    def _filter(self, node: exp.Filter) -> str:
        return self._called(node.this, condition=self.sql(node.expression.this))

    def _window(self, node: exp.Window) -> str:
        inner, condition, nulls = node.this, None, ""
        if isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
            nulls = "IGNORE" if isinstance(inner, exp.IgnoreNulls) else "RESPECT"
            inner = inner.this
        if isinstance(inner, exp.Filter):
            condition, inner = self.sql(inner.expression.this), inner.this
        return self._called(inner, condition=condition, over=self.over(node), nulls=nulls)

    def over(self, node: exp.Window) -> str:
        """What stands after OVER."""
        if node.args.get("alias") is not None and node.args.get("over"):
            return self.engine.name_of(node.args["alias"].name)
        parts = []
        by = node.args.get("partition_by") or []
        if by:
            parts.append("PARTITION BY " + ", ".join(self.sql(e) for e in by))
        order = node.args.get("order")
        if order is not None:
            keys = self.orderings(order.expressions)
            parts.append("ORDER BY " + ", ".join(k.text(self.engine) for k in keys))
        spec = node.args.get("spec")
        if spec is not None:
            parts.append(self._frame(spec))
        return f"({' '.join(parts)})"

    def _frame(self, spec: exp.Expr) -> str:
        def bound(which: str) -> str:
            value, side = spec.args.get(which), spec.args.get(f"{which}_side")
            words = value or "" if value is None or isinstance(value, str) else self.sql(value)
            return f"{words} {side}" if side else words

        kind = spec.args.get("kind") or "ROWS"
        made = f"{kind} BETWEEN {bound('start')} AND {bound('end') or 'CURRENT ROW'}"
        if spec.args.get("exclude"):
            message = "EXCLUDE in a window's frame is not in the portable language"
            raise Refusal("PSK-PORT-022", message)
        return made

    def orderings(self, keys: list[exp.Expr]) -> list[Ordering]:
        """The keys of an ORDER BY."""
        made = []
        for key in keys:
            node = key.this if isinstance(key, exp.Ordered) else key
            made.append(
                Ordering(
                    self.sql(node),
                    self.type(node),
                    bool(key.args.get("desc")),
                    bool(key.args.get("nulls_first")),
                )
            )
        return made

    def _called(
        self,
        node: exp.Expr,
        *,
        condition: str | None = None,
        over: str | None = None,
        nulls: str = "",
    ) -> str:
        if called(node) is None:
            self._unknown(node)
        declared, overload = self.typer.overload(node)
        rendering = overload.rendering(self.engine.name)
        offset, length = place(node)
        if isinstance(rendering, Gap):
            because = f"`{declared.name}` cannot run on {self.engine.name}: {rendering.because}"
            raise Refusal(rendering.code, because, None, offset, length, (self.engine.name,))
        args = arguments(node)
        distinct, order, nulls = self._decorations(node, nulls)
        decorated = bool(condition or distinct or order)
        why = _misused(declared, decorated=decorated, ordered=bool(order), over=over)
        if why is not None:
            raise Refusal(*why, offset, length)
        call = Call(
            self.engine,
            declared.name,
            tuple("" if isinstance(a, exp.Lambda) else self.sql(a) for a in args),
            tuple(args),
            tuple("lambda" if isinstance(a, exp.Lambda) else self.type(a) for a in args),
            self.type(node),
            distinct,
            tuple(order),
            condition,
            over,
            nulls,
            self._lambdas(args),
        )
        try:
            made = rendering(call) if callable(rendering) else call.fill(rendering)
        except Refusal as refused:
            if refused.offset is None:
                refused.offset, refused.length = offset, length
            if not refused.engines and refused.code != "PSK-PORT-024":
                refused.engines = (self.engine.name,)
            raise
        if not call.tail or call.tail in made or DONE in call.extra:
            return made if _atomic(made) else f"({made})"
        raise Refusal(
            "PSK-PORT-029",
            f"`{declared.name}` takes no FILTER or OVER on {self.engine.name}",
            None,
            offset,
            length,
            (self.engine.name,),
        )

    def _unknown(self, node: exp.Expr) -> NoReturn:
        offset, length = place(node)
        message = f"`{shown(node)}` is not in the portable language"
        raise Refusal("PSK-PORT-022", message, None, offset, length)

    def _decorations(self, node: exp.Expr, nulls: str) -> tuple[bool, list[Ordering], str]:
        """DISTINCT, ORDER BY and IGNORE NULLS inside a call's parentheses."""
        distinct = False
        order: list[Ordering] = []
        for item in node.expressions:
            each = item
            while isinstance(each, (exp.Order, exp.IgnoreNulls, exp.RespectNulls)):
                if isinstance(each, exp.Order):
                    order = self.orderings(each.expressions)
                else:
                    nulls = "IGNORE" if isinstance(each, exp.IgnoreNulls) else "RESPECT"
                each = each.this
            distinct = distinct or isinstance(each, exp.Distinct)
        return distinct, order, nulls

    def _lambdas(self, args: list[exp.Expr]) -> dict[str, str]:
        """The body of a lambda and the names of its variables, for templates."""
        for each in args:
            if isinstance(each, exp.Lambda):
                names = [self.engine.name_of(v.name) for v in each.expressions]
                found = {"body": self.sql(each.this)}
                return found | {f"v{i}": n for i, n in enumerate(names)}
        return {}


def _misused(
    declared: Function, *, decorated: bool, ordered: bool, over: str | None
) -> tuple[str, str, str | None] | None:
    """Code, message and hint of what a function cannot have or lacks; None: all is well."""
    name = declared.name
    if declared.kind == "scalar" and decorated:
        message = f"`{name}` is no aggregate: it has no FILTER, DISTINCT or ORDER BY"
        return "PSK-PORT-023", message, None
    if declared.kind == "window" and over is None:
        return "PSK-PORT-023", f"`{name}` needs OVER", None
    if declared.ordered and not ordered and over is None:
        message = f"what `{name}` gives depends on the order of rows"
        return "PSK-PORT-028", message, f"give it one: {name}(x ORDER BY y)"
    return None


def _closes(text: str) -> bool:
    """Whether the parenthesis that opens a text is closed by its last character."""
    depth, quote = 0, ""
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"`":
            quote = c
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if not depth:
                return i == len(text) - 1
    return False


def _atomic(text: str) -> bool:
    head, paren, _ = text.partition("(")
    if not paren:
        return text.replace("_", "").replace(".", "").isalnum()
    return (not head or head.replace("_", "").replace(".", "").isalnum()) and _closes(
        text[len(head) :]
    )
