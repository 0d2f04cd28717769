"""Operators: node of sqlglot → its rendering by the types of its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable import constants, intervals, json_paths, likes, written
from penstock.dialects.portable.families import WHOLE, fits, name_of, numbers_of
from penstock.dialects.portable.functions.numbers import remainder
from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.rendering import Renderer

_MOST_DIGITS = 38
_COMPARED = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}


def refused(node: exp.Expr, why: str, hint: str | None = None) -> Refusal:
    """A refusal at an operator."""
    offset, length = place(node)
    return Refusal("PSK-PORT-023", f"`{shown(node)}`: {why}", hint, offset, length)


def _arithmetic(sign: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(to: Renderer, node: exp.Expr) -> str:
        a, b = to.type(node.this), to.type(node.expression)
        times = intervals.arithmetic(to, node, sign) if sign in "+-" else None
        if times is not None:
            return times
        if not (fits(a, "number") and fits(b, "number")):
            raise refused(node, f"{a} and {b} are not numbers", "cast them")
        result = to.type(node)
        if result == "double":
            left, right = (to.coerced(n, result) for n in (node.this, node.expression))
            template = said(to.engine, to.engine.numbers.doubles.get(sign), f"`{sign}` of doubles")
            return template.format(left, right)
        left, right = to.sql(node.this), to.sql(node.expression)
        if result in WHOLE:
            # Each engine then computes in the same type, and overflows at the same value.
            own = to.engine.type_name(result)
            sides = ((left, a, node.this), (right, b, node.expression))
            written = [isinstance(n, exp.Literal) for *_, n in sides]
            left, right = (
                s if t == result or w else f"CAST({s} AS {own})"
                for (s, t, _), w in zip(sides, written, strict=True)
            )
            if any(written) and result in ("smallint", "bigint"):
                return f"CAST({left} {sign} {right} AS {own})"
            return f"({left} {sign} {right})"
        _same_scale(node, sign, a, b)
        _kept_places(to.engine, node, sign, (a, b))
        return f"CAST({left} {sign} {right} AS {to.engine.type_name(result)})"

    return render


def _same_scale(node: exp.Expr, sign: str, a: str, b: str) -> None:
    """A product may have more decimal places than a decimal has digits."""
    if "null" in (a, b):
        return
    (_, s1), (_, s2) = numbers_of(a), numbers_of(b)
    if sign == "*" and s1 + s2 > _MOST_DIGITS:
        raise refused(
            node,
            f"the result has {s1 + s2} decimal places",
            "cast a side to a decimal of fewer places first",
        )


def _kept_places(engine: Engine, node: exp.Expr, sign: str, kinds: tuple[str, str]) -> None:
    """Refuse a product of which an engine keeps fewer decimal places than both sides have."""
    most, places = engine.numbers.most_product_places, [numbers_of(k)[1] for k in kinds]
    if sign != "*" or most is None or sum(places) <= max(most, *places):
        return
    why = f"{engine.name} keeps {max(most, *places)} of the {sum(places)} decimal places"
    no = refused(node, why, "cast a side to a decimal of fewer places first")
    no.engines = (engine.name,)
    raise no


def _division(to: Renderer, node: exp.Expr) -> str:
    double = to.engine.type_name("double")
    for side in (node.this, node.expression):
        if not fits(to.type(side), "number"):
            raise refused(node, f"{to.type(side)} is not a number", "cast it")
    top, bottom = to.sql(node.this), to.sql(node.expression)
    template = said(to.engine, to.engine.numbers.doubles.get("/"), "`/`")
    return template.format(f"CAST({top} AS {double})", f"CAST({bottom} AS {double})")


def _sides(to: Renderer, node: exp.Expr, kind: str) -> tuple[str, str]:
    """Both sides in a whole type, so that each engine computes in the same one."""
    left, right = (
        to.sql(n) if to.type(n) == kind else f"CAST({to.sql(n)} AS {to.engine.type_name(kind)})"
        for n in (node.this, node.expression)
    )
    return left, right


def _modulo(to: Renderer, node: exp.Expr) -> str:
    a, b = to.type(node.this), to.type(node.expression)
    if not (fits(a, "number") and fits(b, "number")):
        raise refused(node, f"{a} and {b} are not numbers", "cast them")
    result = to.type(node)
    if result in WHOLE:
        left, right = _sides(to, node, result)
        return remainder(to.engine, left, right, node.expression.unnest().sql())
    if result == "double":
        if not to.engine.numbers.double_remainder:
            why = f"{to.engine.name} has no remainder of doubles"
            no = refused(node, why, "cast them to decimals")
            no.engines = (to.engine.name,)
            raise no
        left, right = (to.coerced(n, result) for n in (node.this, node.expression))
        return to.engine.numbers.double_remainder.format(left, right)
    _same_scale(node, "-", a, b)
    left, right = to.sql(node.this), to.sql(node.expression)
    made = said(to.engine, to.engine.numbers.remainder, "`%`").format(left, right)
    return f"CAST({made} AS {to.engine.type_name(result)})"


def _whole_division(to: Renderer, node: exp.Expr) -> str:
    a, b = to.type(node.this), to.type(node.expression)
    result = to.type(node)
    if result not in WHOLE:
        raise refused(node, f"// of {a} and {b}, which are not whole", "use trunc(a / b)")
    left, right = _sides(to, node, result)
    template = said(to.engine, to.engine.numbers.quotient, "`//`")
    return template.format(left, right, to.engine.type_name(result))


def _power(to: Renderer, node: exp.Expr) -> str:
    left, right = (to.coerced(n, "double") for n in (node.this, node.expression))
    for side in (node.this, node.expression):
        if not fits(to.type(side), "number"):
            raise refused(node, f"{to.type(side)} is not a number", "cast it")
    return said(to.engine, to.engine.numbers.power, "`^`").format(left, right)


def _bits(sign: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(to: Renderer, node: exp.Expr) -> str:
        result = to.type(node)
        if result not in WHOLE:
            raise refused(node, f"`{sign}` is of whole numbers", "cast the sides")
        left, right = _sides(to, node, result)
        template = _of_bits(to, node, sign)
        return template.format(left, right, to.engine.type_name(result))

    return render


def _of_bits(to: Renderer, node: exp.Expr, sign: str) -> str:
    """The engine's template of an operator of bits.

    Raises:
        Refusal: it has none of whole numbers.
    """
    name, gaps = to.engine.name, to.engine.gaps
    if sign in gaps:
        because = f"`{sign}` cannot run on {name}: {gaps[sign]}"
        raise Refusal("PSK-PORT-020", because, None, *place(node), (name,))
    return said(to.engine, to.engine.numbers.bits.get(sign), f"`{sign}`")


def _complement(to: Renderer, node: exp.Expr) -> str:
    if to.type(node.this) not in WHOLE:
        raise refused(node, "`~` is of a whole number", "cast it")
    template = _of_bits(to, node, "~")
    return template.format(to.sql(node.this), "", to.engine.type_name(to.type(node)))


def _shift(to: Renderer, node: exp.Expr) -> str:
    """`a << n` is a * 2^n and fails beyond its type; `a >> n` keeps the sign."""
    kind, by = to.type(node), node.expression.unnest()
    if kind not in WHOLE:
        raise refused(node, "bits are shifted of whole numbers", "cast it")
    if not (isinstance(by, exp.Literal) and str(by.this).isdigit() and int(by.this) < 63):
        raise refused(node, "by how many bits is written in the SQL, from 0 to 62")
    wide = to.engine.type_name("bigint")
    value = f"CAST({to.sql(node.this)} AS {wide})"
    if isinstance(node, exp.BitwiseLeftShift):
        made = f"{value} * CAST({2 ** int(by.this)} AS {wide})"
    else:
        template = _of_bits(to, node, ">>")
        made = template.format(value, by.this, wide)
    return f"CAST({made} AS {to.engine.type_name(kind)})"


def _compared(sign: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(to: Renderer, node: exp.Expr) -> str:
        left, right, kind = meeting(to, node, node.this, node.expression)
        if name_of(kind) == "list" and sign not in ("=", "<>"):
            raise refused(node, "lists have no order that engines share", "compare elements")
        return compare(to.engine, sign, left, right, kind)

    return render


def compare(engine: Engine, sign: str, left: str, right: str, kind: str) -> str:
    """Two values of one type compared."""
    name = name_of(kind)
    if name in ("double", "list"):
        template = engine.compares.get(name, {}).get(sign)
        return said(engine, template, f"`{sign}` of {name}s").format(left, right)
    collate = engine.collate if name == "varchar" and sign not in ("=", "<>") else ""
    return f"({left} {sign} {right}{collate})"


def meeting(to: Renderer, node: exp.Expr, a: exp.Expr, b: exp.Expr) -> tuple[str, str, str]:
    """Two sides brought to one type: their SQL and the type.

    A text that is written beside a date is read as one.

    Raises:
        Refusal: they are of types that do not compare.
    """
    kinds = to.type(a), to.type(b)
    for this, other in ((a, kinds[1]), (b, kinds[0])):
        if (
            isinstance(this, exp.Literal)
            and this.is_string
            and name_of(other) in ("date", "timestamp", "timestamptz")
        ):
            made = written.moment(to, this, other)
            return (made, to.sql(b), other) if this is a else (to.sql(a), made, other)
    try:
        kind = to.typer.common(list(kinds))
    except Refusal:
        why = f"{kinds[0]} and {kinds[1]} do not compare"
        raise refused(node, why, "cast one of them") from None
    if name_of(kind) in ("struct", "map", "json"):
        why = f"values of type {name_of(kind)} do not compare everywhere"
        raise refused(node, why, "compare their fields")
    return to.coerced(a, kind), to.coerced(b, kind), kind


def _logic(word: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(to: Renderer, node: exp.Expr) -> str:
        # A chain of a thousand is flat, not a thousand deep.
        return "(" + f" {word} ".join(condition(to, p) for p in node.flatten()) + ")"

    return render


def condition(to: Renderer, node: exp.Expr) -> str:
    """What asks for true or false.

    Raises:
        Refusal: it is of another type.
    """
    kind = to.type(node)
    if kind == "null":
        # Spark knows no NULL without a type as a condition.
        return f"CAST(NULL AS {to.engine.type_name('boolean')})"
    if kind != "boolean":
        raise refused(node, f"{kind} is no condition", "compare it")
    return to.sql(node)


def _not(to: Renderer, node: exp.Expr) -> str:
    return f"(NOT {condition(to, node.this)})"


def _is(to: Renderer, node: exp.Expr) -> str:
    word = "IS NOT" if node.args.get("negate") else "IS"
    kind = to.type(node.this)
    if not isinstance(node.expression, exp.Null) and kind not in ("boolean", "null"):
        raise refused(node, f"{kind} is neither true nor false", "compare it, or cast it")
    if not to.engine.truths and not isinstance(node.expression, exp.Null):
        word = "DISTINCT" if node.args.get("negate") else "NOT DISTINCT"
        return _same(to.engine, to.sql(node.this), to.sql(node.expression), word)
    return f"({to.sql(node.this)} {word} {to.sql(node.expression)})"


def _same(engine: Engine, left: str, right: str, word: str) -> str:
    """`DISTINCT` or `NOT DISTINCT` of two values, NULL like any other."""
    if engine.distinct_from:
        return f"({left} IS {word} FROM {right})"
    nulls = f"{left} IS NULL AND {right} IS NULL"
    made = f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN {nulls} ELSE {left} = {right} END"
    return f"({'' if word == 'NOT DISTINCT' else 'NOT '}{made})"


def _distinct(word: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(to: Renderer, node: exp.Expr) -> str:
        left, right, _ = meeting(to, node, node.this, node.expression)
        return _same(to.engine, left, right, word)

    return render


def _between(to: Renderer, node: exp.Expr) -> str:
    low, high = node.args["low"], node.args["high"]
    least = exp.GTE(this=node.this.copy(), expression=low.copy())
    most = exp.LTE(this=node.this.copy(), expression=high.copy())
    made = []
    for each, bound in ((least, low), (most, high)):
        left, right, kind = meeting(to, node, node.this, bound)
        made.append(compare(to.engine, ">=" if each is least else "<=", left, right, kind))
    return f"({' AND '.join(made)})"


def _in(to: Renderer, node: exp.Expr) -> str:
    query = node.args.get("query")
    if query is not None and isinstance(node, exp.In):
        return _in_query(to, node, query)
    if node.args.get("field") is not None or node.args.get("unnest") is not None:
        raise refused(node, "IN over a list is not portable", "list_contains(list, value)")
    items = node.expressions
    found = [to.type(i) for i in items]
    mine = to.type(node.this)
    if name_of(mine) in ("date", "timestamp", "timestamptz"):
        made = [meeting(to, node, node.this, i)[1] for i in items]
        return f"({to.sql(node.this)} IN ({', '.join(made)}))"
    kind = to.typer.common([mine, *found])
    made = [to.coerced(i, kind) for i in items]
    mine = to.coerced(node.this, kind)
    if name_of(kind) in ("double", "list") and not _own(to.engine, kind):
        return "(" + " OR ".join(compare(to.engine, "=", mine, i, kind) for i in made) + ")"
    return f"({mine} IN ({', '.join(made)}))"


def _in_query(to: Renderer, node: exp.In, query: exp.Expr) -> str:
    inner = query.this if isinstance(query, exp.Subquery) else query
    outputs = to.typer.outputs(inner)
    if len(outputs) != 1:
        raise refused(node, f"the query gives {len(outputs)} columns", "one column")
    name, found = outputs[0]
    kind = to.typer.common([to.type(node.this), found])
    if name_of(kind) in ("struct", "map", "json", "list"):
        raise refused(node, f"values of type {name_of(kind)} do not compare everywhere")
    if kind == "double" and not _own(to.engine, kind):
        no = refused(node, f"NaN is in no list on {to.engine.name}", "EXISTS, or decimals")
        no.engines = (to.engine.name,)
        raise no
    subject, rows = to.coerced(node.this, kind), to.query(query)
    if not to.engine.predicates_filter_only or _filters(node):
        return f"({subject} IN ({rows}))"
    if isinstance(inner, exp.Select) and _reads_outside(inner):
        raise Refusal(
            "PSK-PORT-020",
            f"`{shown(node)}` with columns of the query around it, outside WHERE, cannot run on "
            f"{to.engine.name}",
            "LEFT JOIN it",
            *place(node),
            (to.engine.name,),
        )
    # Outside of WHERE the engine knows only true and false.
    value = to.engine.name_of("__in", name)
    source = f"({rows}) AS {to.engine.name_of('__in')}"
    return (
        f"(CASE WHEN EXISTS(SELECT 1 FROM {source} WHERE {value} = {subject}) THEN TRUE "
        f"WHEN ({subject} IS NULL AND EXISTS(SELECT 1 FROM {source})) "
        f"OR EXISTS(SELECT 1 FROM {source} WHERE {value} IS NULL) THEN NULL ELSE FALSE END)"
    )


def _own(engine: Engine, kind: str) -> bool:
    """Whether the engine's own `=` has our meaning."""
    return engine.compares.get(name_of(kind), {}).get("=") == "({0} = {1})"


def _filters(node: exp.Expr) -> bool:
    """Whether a condition is one that WHERE asks for by itself, or its negation."""
    at = node.parent
    while isinstance(at, (exp.And, exp.Paren, exp.Not)):
        if isinstance(at, exp.Not) and not isinstance(at.this.unnest(), exp.In):
            return False
        at = at.parent
    return isinstance(at, exp.Where)


def _reads_outside(query: exp.Select) -> bool:
    inside = {t.alias_or_name for t in query.find_all(exp.Table, exp.Subquery, exp.Unnest)}
    return any(c.table and c.table not in inside for c in query.find_all(exp.Column))


def _concat(to: Renderer, node: exp.Expr) -> str:
    sides = [to.type(node.this), to.type(node.expression)]
    if any(name_of(s) not in ("varchar", "null") for s in sides):
        why = f"`||` joins texts, not {' and '.join(sides)}"
        raise refused(node, why, "cast them, or use concat, list_concat")
    left, right = (to.coerced(n, "varchar") for n in (node.this, node.expression))
    return f"({left} || {right})"


def _case(to: Renderer, node: exp.Expr) -> str:
    kind = to.type(node)
    constants.check(node, to.canonical)
    parts = ["CASE"]
    subject = node.args.get("this")
    for branch in node.args["ifs"]:
        if subject is not None:
            left, right, met = meeting(to, node, subject, branch.this)
            test = compare(to.engine, "=", left, right, met)
        else:
            test = condition(to, branch.this)
        parts.append(f"WHEN {test} THEN {to.coerced(branch.args['true'], kind)}")
    default = node.args.get("default")
    if default is not None:
        parts.append(f"ELSE {to.coerced(default, kind)}")
    return f"({' '.join(parts)} END)"


def _negative(to: Renderer, node: exp.Expr) -> str:
    if not fits(to.type(node.this), "number"):
        raise refused(node, f"{to.type(node.this)} is not a number", "cast it")
    # PostgreSQL has no minus of a NULL without a type.
    return f"(- {to.coerced(node.this, to.type(node))})"


def _written_as(why: str) -> Callable[[Renderer, exp.Expr], str]:
    def render(_: Renderer, node: exp.Expr) -> str:
        raise refused(node, why, "regexp_full_match(x, '…') or regexp_matches(x, '…')")

    return render


OPERATORS: Mapping[type[exp.Expr], Callable[[Renderer, exp.Expr], str]] = {
    exp.Add: _arithmetic("+"),
    exp.Sub: _arithmetic("-"),
    exp.Mul: _arithmetic("*"),
    exp.Div: _division,
    exp.Mod: _modulo,
    exp.IntDiv: _whole_division,
    exp.Pow: _power,
    exp.BitwiseAnd: _bits("&"),
    exp.BitwiseOr: _bits("|"),
    exp.BitwiseNot: _complement,
    exp.BitwiseLeftShift: _shift,
    exp.BitwiseRightShift: _shift,
    exp.Neg: _negative,
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct("NOT DISTINCT"),
    exp.NullSafeNEQ: _distinct("DISTINCT"),
    exp.Between: _between,
    exp.In: _in,
    exp.Like: likes.like,
    exp.ILike: likes.like,
    exp.Escape: likes.escaped,
    exp.DPipe: _concat,
    exp.Case: _case,
    exp.JSONExtractScalar: json_paths.arrow,
    exp.JSONExtract: json_paths.bare,
    exp.RegexpLike: _written_as("`~` matches all of a text in DuckDB, a part of it in PostgreSQL"),
    exp.SimilarTo: _written_as("SIMILAR TO is another language of patterns in each engine"),
    exp.Interval: intervals.alone,
    **{node: _compared(sign) for node, sign in _COMPARED.items()},
}
