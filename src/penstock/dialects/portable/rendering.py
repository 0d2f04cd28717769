"""Expressions in an engine's SQL, from the leaves up; what has no rendering here is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable import casts, constants, frames, nested, operators
from penstock.dialects.portable.aggregating import DONE
from penstock.dialects.portable.call import Call, Ordering
from penstock.dialects.portable.engine import DUCKDB
from penstock.dialects.portable.entry import ENGINES
from penstock.dialects.portable.families import element, name_of, type_of_null
from penstock.dialects.portable.instead import INSTEAD
from penstock.dialects.portable.reading import called, place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.typing import arguments, variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Function
    from penstock.dialects.portable.typing import Typer


_MOST_TEXT = 4_000_000


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
        render = operators.OPERATORS.get(type(node))
        made: str
        try:
            if method is not None:
                made = method(node)
            else:
                made = render(self, node) if render is not None else self._unknown(node)
        except Refusal as refused:
            refused.at(node)
            raise
        if len(made) > _MOST_TEXT:
            raise self._too_long(node)
        return made

    def _no_nul(self, node: exp.Expr) -> Refusal:
        offset, length = place(node)
        name, why = self.engine.name, self.engine.gaps["nul"]
        message = f"a text with the character 0 cannot stand in SQL for {name}: {why}"
        return Refusal("PSK-PORT-020", message, "leave it out", offset, length, (name,))

    def _too_long(self, node: exp.Expr) -> Refusal:
        """A rendering may name its argument twice: fifty of them in each other never end."""
        offset, length = place(node)
        return Refusal(
            "PSK-SQL-122",
            f"written for {self.engine.name} this is longer than {_MOST_TEXT // 1_000_000} MB",
            "compute a part of it in a CTE, or in a model of its own",
            offset,
            length,
            (self.engine.name,),
        )

    def type(self, node: exp.Expr) -> str:
        """The canonical type of an expression."""
        return self.typer.type(node)

    def canonical(self, node: exp.Expr) -> str:
        """An expression in the SQL of DuckDB, whose values the language has."""
        return Renderer(DUCKDB, self.typer, self._query).sql(node)

    def coerced(self, node: exp.Expr, type_name: str) -> str:
        """An expression brought to a type that values of several types meet in."""
        found = self.type(node)
        if type_name in (found, "null"):
            return self.sql(node)
        if found == "null":
            # Not every one is NULL: `error(…)` has no type either.
            value = "NULL" if isinstance(node.unnest(), exp.Null) else self.sql(node)
            return f"CAST({value} AS {self.engine.type_name(type_name)})"
        if isinstance(node, exp.Literal) and not node.is_string and type_name != "double":
            return self.sql(node) if type_name != "varchar" else self.engine.string(str(node.this))
        return casts.cast(self, self.sql(node), found, type_name, node)

    # -- leaves -----------------------------------------------------------------------------

    def _column(self, node: exp.Column) -> str:
        kind = self.type(node)
        if kind not in self.engine.types:
            self.engine.type_name(kind)  # refuses one that the engine does not have
        return self.engine.name_of(node.table, node.name)

    def _identifier(self, node: exp.Identifier) -> str:
        """A lambda's variable; the second is the place in the list, counted from 1."""
        name = self.engine.name_of(node.name)
        found = variable(node) if self.engine.places_from_zero else None
        return f"(CAST({name} + 1 AS BIGINT))" if found and found[0] == "place" else name

    def _literal(self, node: exp.Literal) -> str:
        if node.is_string:
            if "\0" in str(node.this) and "nul" in self.engine.gaps:
                raise self._no_nul(node)
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

    # -- grouping and parts -----------------------------------------------------------------

    def _grouping(self, node: exp.Grouping) -> str:
        keys = [self.sql(k) for k in node.expressions]
        if self.engine.grouping_bits:
            bits = [f"GROUPING({k}) * {1 << i}" for i, k in enumerate(reversed(keys))]
            made = " + ".join(reversed(bits))
        else:
            made = f"GROUPING({', '.join(keys)})"
        return f"CAST({made} AS {self.engine.type_name('bigint')})"

    def _array(self, node: exp.Array) -> str:
        kind = self.type(node)
        items = [self.coerced(e, element(kind)) for e in node.expressions]
        return self.engine.list_of(items, kind)

    def _struct(self, node: exp.Struct) -> str:
        return nested.struct(self, node)

    def _dot(self, node: exp.Dot) -> str:
        return nested.field(self, node)

    def _tomap(self, node: exp.ToMap) -> str:
        return nested.map_of(self, node)

    def _map(self, node: exp.Map) -> str:
        return nested.map_of(self, node)

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
        condition = operators.condition(self, node.expression.this)
        return self._called(node.this, condition=condition)

    def _window(self, node: exp.Window) -> str:
        inner, condition, nulls = node.this, None, ""
        if isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
            nulls = "IGNORE" if isinstance(inner, exp.IgnoreNulls) else "RESPECT"
            inner = inner.this
        if isinstance(inner, exp.Filter):
            condition, inner = operators.condition(self, inner.expression.this), inner.this
        self._framed(node, inner)
        return self._called(
            inner,
            condition=condition,
            over=self.over(node),
            nulls=nulls,
            window=node,
        )

    def _framed(self, node: exp.Window, inner: exp.Expr) -> None:
        """Refuse a frame whose rows no order says, or that a function does not look at."""
        spec = node.args.get("spec")
        if called(inner) is None:
            return
        declared, _ = self.typer.overload(inner)
        if spec is None:
            self._by_default(node, declared)
            return
        if declared.kind == "window" and not declared.framed:
            raise Refusal(
                "PSK-PORT-023",
                f"`{declared.name}` looks at all rows of its partition: it takes no frame",
                None,
                *place(node),
            )
        bounds = {str(spec.args.get(k)) for k in ("start", "end")}
        if node.args.get("order") is None and bounds != {"UNBOUNDED"}:
            raise Refusal(
                "PSK-PORT-028",
                f"which rows the frame of `{declared.name}` holds is open without ORDER BY",
                "add ORDER BY with a key that no two rows share",
                *place(node),
            )

    def _by_default(self, node: exp.Window, declared: Function) -> None:
        """Refuse an order without a frame where the engine has no frame of peers."""
        framed = declared.kind == "aggregate" or declared.framed
        if framed and node.args.get("order") is not None and "default_frame" in self.engine.gaps:
            raise Refusal(
                "PSK-PORT-020",
                f"`{declared.name}` over rows up to the row and its peers cannot run on"
                f" {self.engine.name}: {self.engine.gaps['default_frame']}",
                "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW, by a key that no two rows share",
                *place(node),
                (self.engine.name,),
            )

    def over(self, node: exp.Window) -> str:
        """What stands after OVER."""
        parts = []
        spec = node.args.get("spec")
        by = node.args.get("partition_by") or []
        if by:
            parts.append("PARTITION BY " + ", ".join(self.sql(e) for e in by))
        order = node.args.get("order")
        if order is not None:
            keys = self._sorting(order.expressions)
            if spec is not None and frames.has_distance(spec):
                spec = frames.in_days(spec) if [k.type for k in keys] == ["date"] else spec
                keys = [frames.in_reach(key, self.engine) for key in keys]
            parts.append("ORDER BY " + ", ".join(k.text(self.engine) for k in keys))
        if spec is not None:
            parts.append(self._frame(spec))
        return f"({' '.join(parts)})"

    def _frame(self, spec: exp.Expr) -> str:
        kind = str(spec.args.get("kind") or "ROWS").upper()
        exclude = spec.args.get("exclude")
        for word in (kind, "EXCLUDE" if exclude is not None else kind):
            if word not in self.engine.frames:
                raise Refusal(
                    "PSK-PORT-020",
                    f"a frame with {word} cannot run on {self.engine.name}: it has ROWS and RANGE",
                    None,
                    *place(spec),
                    (self.engine.name,),
                )
        end = self._bound(spec, "end") if spec.args.get("end") else "CURRENT ROW"
        made = f"{kind} BETWEEN {self._bound(spec, 'start')} AND {end}"
        return f"{made} EXCLUDE {exclude.name.upper()}" if exclude is not None else made

    def _bound(self, spec: exp.Expr, which: str) -> str:
        """A bound of a frame: words, a whole number or an interval that is written in the SQL."""
        value, side = spec.args.get(which), spec.args.get(f"{which}_side")
        if not isinstance(value, exp.Expr):
            return f"{value} {side}" if side else str(value)
        if isinstance(value, exp.Interval) and isinstance(value.this, exp.Literal):
            unit = value.args.get("unit")
            number = str(value.this.this)
            if unit is not None and number.isdigit():
                word = unit.name.upper().removesuffix("S")
                return f"{self.engine.frame_interval.format(number, word)} {side}"
        elif isinstance(value, exp.Literal) and value.is_int:
            return f"{value.this} {side}"
        raise Refusal(
            "PSK-PORT-024",
            f"a frame's bound must be written in the SQL, not computed: `{shown(value)}`",
            "ROWS 3 PRECEDING, RANGE INTERVAL 1 DAY PRECEDING",
            *place(value),
        )

    def _sorting(self, keys: list[exp.Expr]) -> list[Ordering]:
        """The keys of an ORDER BY in a call or a window, where a number counts no columns."""
        for key in keys:
            node = (key.this if isinstance(key, exp.Ordered) else key).unnest()
            if isinstance(node, (exp.Literal, exp.Null, exp.Boolean)):
                raise Refusal(
                    "PSK-PORT-023",
                    f"`{shown(node)}` puts no rows in order",
                    "order by a column; in a call or a window a number is no column's place",
                    *place(node),
                )
        return self.orderings(keys)

    def orderings(self, keys: list[exp.Expr]) -> list[Ordering]:
        """The keys of an ORDER BY."""
        made = []
        for key in keys:
            node = key.this if isinstance(key, exp.Ordered) else key
            kind = self.type(node)
            if name_of(kind) in ("list", "struct", "map", "json"):
                raise Refusal(
                    "PSK-PORT-023",
                    f"`{shown(node)}`: each engine has an order of its own for {name_of(kind)}",
                    "order by their parts",
                    *place(node),
                )
            made.append(
                Ordering(
                    self.sql(node),
                    kind,
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
        window: exp.Window | None = None,
    ) -> str:
        if called(node) is None:
            self._unknown(node)
        declared, overload = self.typer.overload(node)
        rendering = overload.rendering(self.engine.name)
        offset, length = place(node)
        if isinstance(rendering, Gap):
            able = [e for e in ENGINES if not isinstance(overload.rendering(e), Gap)]
            if not able:  # of all of them, whichever it is rendered for
                because = f"`{declared.name}` is not portable: {rendering.because}"
                raise Refusal(rendering.code, because, None, offset, length)
            because = f"`{declared.name}` cannot run on {self.engine.name}: {rendering.because}"
            hint = f"it runs on {' and '.join(able)}"
            raise Refusal(rendering.code, because, hint, offset, length, (self.engine.name,))
        args = arguments(node)
        distinct, order, nulls = self._decorations(node, nulls)
        decorated = bool(condition or distinct or order)
        sorted_rows = bool(order) or (window is not None and window.args.get("order") is not None)
        why = _misused(declared, decorated=decorated, ordered=sorted_rows, over=over)
        if why is not None:
            raise Refusal(*why, offset, length)
        if distinct and over is not None:
            raise Refusal(
                "PSK-PORT-022",
                f"`{declared.name}` over a window takes no DISTINCT: two engines have none",
                "count the first row of each value by row_number()",
                offset,
                length,
            )
        if declared.name in constants.LAZY:
            constants.check(node, self.canonical)
        typed = declared.kind in ("aggregate", "window")
        given = [self._given(a, overload.family(i), typed=typed) for i, a in enumerate(args)]
        call = Call(
            self.engine,
            declared.name,
            tuple(sql for sql, _ in given),
            tuple(args),
            tuple(kind for _, kind in given),
            self.type(node),
            distinct,
            tuple(order),
            condition,
            over,
            nulls,
            window,
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
        lacks = "window_filter" if over else "filter"
        if condition and call.tail in made and lacks in self.engine.gaps:
            because = self.engine.gaps[lacks]
            message = f"FILTER cannot run on {self.engine.name}: {because}"
            raise Refusal("PSK-PORT-020", message, None, offset, length, (self.engine.name,))
        if declared.kind == "window" or DONE in call.extra or call.tail in made:
            return made if _atomic(made) else f"({made})"
        raise Refusal(
            "PSK-PORT-029",
            f"`{declared.name}` takes no FILTER or OVER on {self.engine.name}",
            None,
            offset,
            length,
            (self.engine.name,),
        )

    def _given(self, node: exp.Expr, family: str, *, typed: bool) -> tuple[str, str]:
        """An argument's SQL and type; a NULL without a type gets one that the function takes.

        Args:
            typed: whether PostgreSQL must be told that a text that is written is one.
        """
        if isinstance(node, exp.Lambda):
            return "", "lambda"
        kind = self.type(node)
        wanted = type_of_null(family) if kind == "null" else None
        if kind == "null" and typed and family == "any":
            wanted = "integer"
        if wanted is not None and wanted in self.engine.types:
            return self.coerced(node, wanted), wanted
        text = node.unnest()
        if isinstance(text, (exp.Literal, exp.Boolean)) and not text.is_int:
            # DuckDB orders by no literal; PostgreSQL knows no type of a text.
            told = typed and self.engine.name != "spark"
            if told or (family == "any" and text.is_string and self.engine.name == "postgres"):
                return f"CAST({self.sql(text)} AS {self.engine.type_name(kind)})", kind
        return ("" if family == "written" or self._as_read(node) else self.sql(node)), kind

    def _as_read(self, node: exp.Expr) -> bool:
        """Whether an argument has no SQL of its own: the rendering looks at its node."""
        return isinstance(node, exp.Lambda) or self.type(node) == "interval"

    def _unknown(self, node: exp.Expr) -> NoReturn:
        offset, length = place(node)
        message = f"`{shown(node)}` is not in the portable language"
        raise Refusal("PSK-PORT-022", message, INSTEAD.get(type(node)), offset, length)

    def _decorations(self, node: exp.Expr, nulls: str) -> tuple[bool, list[Ordering], str]:
        """DISTINCT, ORDER BY and IGNORE NULLS inside a call's parentheses."""
        distinct = False
        order: list[Ordering] = []
        for item in node.expressions:
            each = item
            while isinstance(each, (exp.Order, exp.IgnoreNulls, exp.RespectNulls)):
                if isinstance(each, exp.Order):
                    order = self._sorting(each.expressions)
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
                found = {"body": self.sql(each.this), "gives": self.type(each.this)}
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
    if declared.kind == "window" and decorated:
        message = f"`{name}` is no aggregate: it has no FILTER, DISTINCT or ORDER BY"
        return "PSK-PORT-023", message, "put the condition into a CASE"
    if declared.ordered and not ordered:
        message = f"what `{name}` gives depends on the order of rows"
        given = f"{name}(x ORDER BY y)" if over is None else "OVER (… ORDER BY y)"
        return "PSK-PORT-028", message, f"give it one: {given}"
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
