"""The type of every expression of a query, in Penstock's names.

Columns come from the tables' schemas and from the queries below; the functions of the set say
what they give; everything else is asked of DuckDB over typed NULLs. What has no type here is
refused: a rendering chosen for the wrong type would be silently wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from penstock import types
from penstock.dialects.portable import describing, nested
from penstock.dialects.portable.families import element, fits, name_of, type_of_null
from penstock.dialects.portable.functions import catalog, near
from penstock.dialects.portable.reading import called, place, plain, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.dialects.portable.entry import Function, Overload

Schemas = "Mapping[str, Mapping[str, str]]"
_BOOLEAN = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Is,
    exp.Exists,
    exp.In,
    exp.Between,
    exp.Like,
    exp.ILike,
    exp.Escape,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Boolean,
    exp.RegexpLike,
    exp.SimilarTo,
)
_AS_WRITTEN = (
    exp.Literal,
    exp.DataType,
    exp.Var,
    exp.Identifier,
    exp.Lambda,
    exp.Star,
    exp.JSONPath,
)
_CONTAINERS = (
    exp.Slice,
    exp.Tuple,
    exp.Distinct,
    exp.Order,
    exp.Ordered,
)


class Typer:
    """Types of one query's expressions.

    Args:
        tree: qualified: every column has its table.
        schemas: table → column → Penstock type.
    """

    def __init__(self, tree: exp.Expr, schemas: Mapping[str, Mapping[str, str]]) -> None:
        self.schemas = schemas
        self._scopes: dict[int, Scope] = {}
        self._types: dict[int, str] = {}
        self._kept: list[exp.Expr] = []
        self._overloads: dict[int, tuple[Function, Overload]] = {}
        self._outputs: dict[int, list[tuple[str, str]]] = {}
        for scope in traverse_scope(tree):
            self._scopes[id(scope.expression)] = scope

    def type(self, node: exp.Expr) -> str:
        """The type of an expression.

        Raises:
            Refusal: it has none that is known, or holds something outside the set.
        """
        key = id(node)
        if key not in self._types:
            try:
                self._types[key] = self._find(node)
            except Refusal as refused:
                refused.at(node)
                raise
            self._kept.append(node)
        return self._types[key]

    def overload(self, node: exp.Expr) -> tuple[Function, Overload]:
        """The declaration of a call and which of its overloads is meant.

        Raises:
            Refusal: there is no such function, or it does not take these arguments.
        """
        key = id(node)
        if key not in self._overloads:
            self._overloads[key] = self._overload(node)
            self._kept.append(node)
        return self._overloads[key]

    def outputs(self, query: exp.Expr) -> list[tuple[str, str]]:
        """Name and type of each column that a query gives."""
        if isinstance(query, exp.Subquery):
            return self.outputs(query.this)
        key = id(query)
        if key not in self._outputs:
            self._outputs[key] = self._give(query)
        return self._outputs[key]

    # -- queries ----------------------------------------------------------------------------

    def _give(self, query: exp.Expr) -> list[tuple[str, str]]:
        if isinstance(query, exp.SetOperation):
            left = self.outputs(query.this)
            if _recursive(query):
                # What the query says of itself is what its first part gives.
                self._outputs[id(query)] = left
                self._kept.append(query)
            right = self.outputs(query.expression)
            if len(left) != len(right):
                raise Refusal("PSK-PORT-026", "the two sides have different numbers of columns")
            made = []
            for i, ((name, a), (_, b)) in enumerate(zip(left, right, strict=True)):
                try:
                    made.append((name, self.common([a, b])))
                except Refusal as refused:
                    refused.at(_column_of(query.expression, i))
                    raise
            if _recursive(query) and made != left:
                raise Refusal(
                    "PSK-PORT-025",
                    "the two parts of a recursive query give different types",
                    "cast the columns of the first part to the wider type",
                )
            return made
        if isinstance(query, exp.Values):
            rows = query.expressions
            alias = query.args.get("alias")
            width = len(rows[0].expressions)
            names = [c.name for c in alias.columns] if alias else []
            names += [f"col{i}" for i in range(len(names), width)]
            return [
                (names[i], self.common([self.type(r.expressions[i]) for r in rows]))
                for i in range(width)
            ]
        return [(item.alias_or_name, self.type(item)) for item in query.expressions]

    def common(self, found: Sequence[str]) -> str:
        """The type that values of several types are brought to, as DuckDB does in a UNION.

        Raises:
            Refusal: there is none.
        """
        distinct = list(dict.fromkeys(t for t in found if t != "null"))
        if len(distinct) < 2:
            return distinct[0] if distinct else "null"
        families = {"number" if fits(t, "number") else name_of(t) for t in distinct}
        items = ", ".join(_null(t) for t in distinct)
        made = describing.SHARED.type_of(f"coalesce({items})")
        if made is None or (len(families) > 1 and families != {"date", "timestamp"}):
            what = " and ".join(f"{t}" for t in distinct)
            raise Refusal("PSK-PORT-025", f"values of type {what} meet", "cast one of them")
        return made

    def _column(self, node: exp.Column) -> str:
        at: exp.Expr | None = node
        while at is not None:
            if not node.table and isinstance(at, exp.Order) and isinstance(at.parent, exp.Query):
                # An output's name, which only ORDER BY knows.
                found = dict(self.outputs(at.parent)).get(node.name)
                if found is not None:
                    return found
            scope = self._scopes.get(id(at))
            if scope is not None and node.table in scope.sources:
                source = scope.sources[node.table]
                found = self._of_source(source, node.name)
                if found is not None:
                    return found
            at = at.parent
        offset, length = place(node)
        raise Refusal(
            "PSK-PORT-021", f"the type of `{node.name}` is not known here", None, offset, length
        )

    def _of_source(self, source: exp.Expr | Scope, name: str) -> str | None:
        if isinstance(source, exp.Table):
            columns = self.schemas.get(source.name, {})
            if name not in columns:
                for each in columns:
                    if each.lower() == name.lower():
                        message = f"`{source.name}` has a column `{each}`, with capital letters"
                        hint = f"rename it to `{each.lower()}` where it is read"
                        raise Refusal("PSK-PORT-030", message, hint)
            return columns.get(name)
        if not isinstance(source, Scope):
            return None
        inner = source.expression
        if isinstance(inner, exp.Lateral) and isinstance(inner.this, exp.Subquery):
            return dict(self.outputs(inner.this)).get(name)
        if isinstance(inner, (exp.Unnest, exp.Lateral, exp.Explode)):
            return self._unnested(inner, name)
        outputs = self.outputs(inner)
        cte = inner.parent
        if isinstance(cte, exp.CTE) and cte.args["alias"].columns:
            names = [c.name for c in cte.args["alias"].columns]
            outputs = [(n, t) for n, (_, t) in zip(names, outputs, strict=False)]
        return dict(outputs).get(name)

    def _unnested(self, node: exp.Expr, name: str) -> str | None:
        items = node.expressions or [node.this]
        lists = [self.type(item) for item in items if isinstance(item, exp.Expr)]
        alias = node.args.get("alias")
        names = [c.name for c in alias.columns] if alias else []
        if name in names and names.index(name) < len(lists):
            return element(lists[names.index(name)])
        offset = node.args.get("offset")
        if offset is not None:
            return "bigint"
        return element(lists[0]) if len(lists) == 1 else None

    # -- expressions ------------------------------------------------------------------------

    def _find(self, node: exp.Expr) -> str:  # noqa: C901, PLR0912 - one line for each kind
        if isinstance(node, (exp.Alias, exp.Paren, exp.IgnoreNulls, exp.RespectNulls)):
            return self.type(node.this)
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Identifier):
            return self._variable(node)
        if isinstance(node, exp.Literal):
            return "varchar" if node.is_string else _number(str(node.this))
        if isinstance(node, exp.Null):
            return "null"
        if isinstance(node, _BOOLEAN):
            return "boolean"
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return _written(node)
        if isinstance(node, (exp.JSONExtractScalar, exp.DPipe)):
            return "varchar"
        if isinstance(node, exp.JSONExtract):
            return "json"
        if isinstance(node, exp.Interval):
            return "interval"
        if isinstance(node, (exp.Subquery, exp.Select, exp.SetOperation)):
            return self.outputs(node)[0][1]
        if isinstance(node, (exp.Window, exp.Filter, exp.WithinGroup)):
            return self.type(node.this)
        if isinstance(node, exp.Lambda):
            return "lambda"
        if isinstance(node, exp.Case):
            values = [branch.args["true"] for branch in node.args["ifs"]]
            values += [node.args["default"]] if node.args.get("default") is not None else []
            return self.common([self.type(v) for v in values])
        if isinstance(node, exp.Grouping):
            return "bigint"
        if isinstance(node, exp.Array):
            kind = self.common([self.type(e) for e in node.expressions])
            return types.normalize(f"{'integer' if kind == 'null' else kind}[]")
        if isinstance(node, exp.Struct):
            return nested.struct_type(self, node)
        if isinstance(node, exp.Dot):
            return nested.field_type(self, node)
        if isinstance(node, (exp.ToMap, exp.Map)):
            return nested.map_type(self, node)
        if called(node):
            return self._given(node)
        return self._asked(node)

    def _given(self, node: exp.Expr) -> str:
        declared, overload = self.overload(node)
        gives = overload.gives
        if gives is None:
            return self._asked(node, declared.name)
        args = arguments(node)
        if gives == "common[]":
            kind = self.common([self.type(a) for a in args])
            return types.normalize(f"{'integer' if kind == 'null' else kind}[]")
        if gives.startswith("common"):
            # `common 1`: of the arguments from that one on.
            first = int(gives.removeprefix("common") or 0)
            return self.common([self.type(a) for a in args[first:]])
        if "{lambda}" in gives:
            body = next(a for a in args if isinstance(a, exp.Lambda))
            return types.normalize(gives.replace("{lambda}", self.type(body.this)))
        if "{element}" in gives:
            return types.normalize(gives.replace("{element}", element(self.type(args[0]))))
        if gives == "{value}":
            return str(types.parse(self.type(args[0])).fields[1][1])
        for i, each in enumerate(args):
            if f"{{{i}}}" in gives:
                found = self.type(each)
                if found == "null":
                    # As it is rendered; a list of bare NULLs is one of integers.
                    kept = "null" if gives == f"{{{i}}}" else "integer"
                    found = type_of_null(overload.family(i)) or kept
                gives = gives.replace(f"{{{i}}}", found)
        return gives if gives in {"null", "interval"} else types.normalize(gives)

    def _overload(self, node: exp.Expr) -> tuple[Function, Overload]:
        name = called(node) or ""
        offset, length = place(node)
        found = catalog().get(name)
        if found is None:
            raise Refusal(
                "PSK-PORT-022",
                f"`{name}` is not a portable function",
                near(name) or "see the functions that mean the same on every engine",
                offset,
                length,
            )
        given = ["lambda" if isinstance(a, exp.Lambda) else self.type(a) for a in arguments(node)]
        for overload in found.overloads:
            if takes(overload, given):
                _check_nulls(found.name, overload, given, place(node))
                return found, overload
        wanted = " or ".join(dict.fromkeys(_signature(o) for o in found.overloads))
        got = ", ".join(given)
        raise Refusal(
            "PSK-PORT-023",
            f"`{name}` takes {wanted}, not ({got})",
            "cast the argument that differs",
            offset,
            length,
        )

    def _variable(self, node: exp.Identifier) -> str:
        """A lambda's variable: an element of the list, its place, or the total of a fold."""
        found = variable(node)
        if found is None:
            raise Refusal("PSK-PORT-021", f"the type of `{node.name}` is not known here")
        what, holder = found
        if what == "place":
            return "bigint"
        given = arguments(holder)
        return self.type(given[2]) if what == "total" else element(self.type(given[0]))

    def _asked(self, node: exp.Expr, name: str | None = None) -> str:
        """DuckDB's answer for the node over typed NULLs.

        Args:
            name: of a call: the function's, where DuckDB does not know the alias that is written.
        """
        copy = self._over_nulls(node)
        sql = plain(copy.sql("duckdb", comments=False))
        answer = describing.SHARED.type_of(sql)
        if answer is None and name is not None and name != called(node):
            copy.set("this", name)
            answer = describing.SHARED.type_of(plain(copy.sql("duckdb", comments=False)))
        if answer is None:
            offset, length = place(node)
            parts = ", ".join(self.type(e) for e in _values(node))
            raise Refusal(
                "PSK-PORT-023",
                f"`{shown(node)}` does not go with ({parts})",
                "cast what differs",
                offset,
                length,
            )
        return answer

    def _over_nulls(self, node: exp.Expr) -> exp.Expr:
        """A copy of a node with a typed NULL for each value in it.

        Its values are not copied on the way: they may be as long as the query.
        """
        args: dict[str, object] = {}
        for key, value in node.args.items():
            if isinstance(value, list):
                args[key] = [self._typed_null(v) if isinstance(v, exp.Expr) else v for v in value]
            else:
                args[key] = self._typed_null(value) if isinstance(value, exp.Expr) else value
        return type(node)(**args)

    def _typed_null(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, _CONTAINERS):
            return self._over_nulls(node)
        if isinstance(node, exp.Identifier) and variable(node) is not None:
            return exp.Var(this=_null(self.type(node)))
        if isinstance(node, _AS_WRITTEN) or _is_negative_literal(node):
            return node.copy()
        found = self.type(node)
        return node.copy() if found == "null" else exp.Var(this=_null(found))


def _is_negative_literal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)


def variable(node: exp.Identifier) -> tuple[str, exp.Expr] | None:
    """`element`, `place` or `total` for a lambda's variable, and the call; None: it is none."""
    at: exp.Expr | None = node.parent
    while at is not None:
        if isinstance(at, exp.Lambda) and at.parent is not None:
            names = [v.name for v in at.expressions]
            if node.name in names:
                name = called(at.parent) or ""
                declared = catalog().get(name)
                if declared is not None and declared.name == "list_reduce":
                    return ("total", "element")[names.index(node.name)], at.parent
                return ("element", "place")[names.index(node.name)], at.parent
        at = at.parent
    return None


def _column_of(query: exp.Expr, number: int) -> exp.Expr:
    """The expression of a query's column, or the query where it is none of its own."""
    inner = query.unnest()
    return inner.expressions[number] if isinstance(inner, exp.Select) else query


def _recursive(query: exp.Expr) -> bool:
    """Whether a set operation is the body of WITH RECURSIVE and reads itself."""
    cte = query.parent
    if not (isinstance(cte, exp.CTE) and isinstance(cte.parent, exp.With)):
        return False
    return bool(cte.parent.recursive) and any(
        t.name == cte.alias for t in query.find_all(exp.Table)
    )


def arguments(node: exp.Expr) -> list[exp.Expr]:
    """The arguments of a call without the DISTINCT and ORDER BY around them."""
    found: list[exp.Expr] = []
    for item in node.expressions:
        each = item
        while isinstance(each, (exp.Order, exp.IgnoreNulls, exp.RespectNulls)):
            each = each.this
        if isinstance(each, exp.Distinct):
            found += each.expressions
        else:
            found.append(each)
    # `mode(ORDER BY x)` is parsed with nothing before ORDER BY.
    return [e for e in found if isinstance(e, exp.Expr) and not isinstance(e, exp.Star)]


def takes(overload: Overload, given: Sequence[str]) -> bool:
    """Whether arguments of these types may be given."""
    wanted = list(overload.takes)
    if wanted and wanted[-1] == "…":
        wanted = wanted[:-1] + [wanted[-2]] * max(0, len(given) - len(wanted) + 1)
    if not overload.fewest <= len(given) <= len(wanted):
        return False
    return all(fits(g, w) for g, w in zip(given, wanted, strict=False))


def _check_nulls(
    name: str, overload: Overload, given: Sequence[str], where: tuple[int | None, int]
) -> None:
    """Refuse a NULL for a list, struct or map whose parts have no type."""
    for i, kind in enumerate(given):
        family = overload.family(i)
        if kind == "null" and family in ("list", "struct", "map"):
            message = f"`{name}` of a NULL without a type: what is in the {family} is not known"
            raise Refusal("PSK-PORT-025", message, "CAST(NULL AS INTEGER[])", *where)


def _signature(overload: Overload) -> str:
    return f"({', '.join(overload.takes)})"


def _null(type_name: str) -> str:
    return "NULL" if type_name == "null" else f"CAST(NULL AS {type_name})"


def _number(text: str) -> str:
    if "e" in text.lower():
        return "double"
    whole, _, part = text.partition(".")
    if "." in text:
        digits = (whole.lstrip("0") + part) or "0"
        return f"decimal({max(len(digits), len(part) + (not whole.strip('0')), 1)},{len(part)})"
    value = int(text)
    if value < 2**31:
        return "integer"
    return "bigint" if value < 2**63 else f"decimal({len(text)},0)"


def _written(node: exp.Expr) -> str:
    text = node.args["to"].sql("duckdb")
    try:
        return types.from_duckdb(text)
    except ValueError as error:
        offset, length = place(node)
        message = f"there is no portable type {text}"
        raise Refusal("PSK-PORT-027", message, str(error), offset, length) from error


def _values(node: exp.Expr) -> list[exp.Expr]:
    no_values = (*_AS_WRITTEN[1:], *_CONTAINERS)
    return [e for e in node.iter_expressions() if not isinstance(e, no_values)]
