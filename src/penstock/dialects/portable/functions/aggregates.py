"""Aggregates: NULLs are passed over and no rows give NULL, where nothing else is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types
from penstock.dialects.base import Gap
from penstock.dialects.portable.aggregating import (
    aggregate,
    by_code_point,
    distinct_by_itself,
    keys,
    literally,
    no_distinct,
    no_window,
    over_rows,
    separator,
    spark_sorted,
)
from penstock.dialects.portable.call import Ordering
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.families import fits, numbers_of
from penstock.dialects.portable.functions.numbers import as_double, real
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Function, Overload, Rendering

_SORTED = ("number", "varchar", "boolean", "naive", "timestamptz")


def _each(
    rendering: Rendering, *, then: str = "", gives: str = "{0}", **engines: Rendering
) -> tuple[Overload, ...]:
    """An overload for each family of values that every engine puts into the same order."""
    return tuple(on(f"{f}{then}", every=rendering, gives=gives, **engines) for f in _SORTED)


_GROUP = "(PARTITION BY g)"
_SO_FAR = "(PARTITION BY g ORDER BY id)"
_AROUND = "(PARTITION BY g ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)"


def _windows(*items: str) -> str:
    """A query with each item as a column, row by row."""
    columns = ", ".join(f"{item} AS w{i}" for i, item in enumerate(items))
    return f"SELECT id AS k, {columns} FROM t_stat"


def _aggregate(
    name: str,
    meaning: str,
    *overloads: Overload,
    cases: Sequence[str],
    aliases: Sequence[str] = (),
    ordered: bool = False,
    over: str = "t_stat",
) -> Function:
    return function(
        name,
        "aggregates",
        meaning,
        *overloads,
        kind="aggregate",
        aliases=aliases,
        ordered=ordered,
        cases=cases,
        over=over,
    )


def _count_rows(call: Call) -> str:
    no_distinct(call)
    return over_rows(call, "count({0})", "*")


def _count_several(call: Call) -> str:
    """Rows whose values are all there, each combination once."""
    no_distinct(call, unless=True)
    if not call.distinct:
        raise Refusal("PSK-PORT-023", "`count` of several columns is count(DISTINCT a, b)")
    there = " AND ".join(f"{a} IS NOT NULL" for a in call.args)
    row = {"duckdb": "row", "spark": "struct", "postgres": "ROW"}[call.engine.name]
    values = (f"{a}" for a in call.args)
    whole = f"{row}({', '.join(values)})"
    return over_rows(call, "count(DISTINCT {0})", f"CASE WHEN {there} THEN {whole} END")


def _count_rows_of(call: Call) -> str:
    """Combinations, NULL like any other value."""
    no_distinct(call)
    row = {"duckdb": "row", "spark": "struct", "postgres": "ROW"}[call.engine.name]
    return over_rows(call, f"count(DISTINCT {row}({{0}}))", ", ".join(call.args))


def _sum_exact(call: Call) -> str:
    no_distinct(call, unless=True)
    value = call.args[0]
    if call.engine.name == "spark":
        value = call.cast(value)  # otherwise it has ten digits more than its argument, not 38
    each = "DISTINCT " if call.distinct else ""
    return call.cast(over_rows(call, f"sum({each}{{0}})", value))


def _total(call: Call, value: str) -> str:
    """The sum of doubles."""
    each = "DISTINCT " if call.distinct else ""
    name = "penstock.sum" if call.engine.name == "postgres" else "sum"
    return over_rows(call, f"{name}({each}{{0}})", value)


def _sum_double(call: Call) -> str:
    no_distinct(call, unless=True)
    return _total(call, call.args[0])


def _average(call: Call) -> str:
    """The exact sum by the count: engines' own averages differ in their last digits and types."""
    no_distinct(call, unless=True)
    each = "DISTINCT " if call.distinct else ""
    value = call.args[0]
    double = call.engine.type_name("double")
    count = over_rows(call, f"count({each}{{0}})", value)
    if call.types[0] == "double":
        total = _total(call, value)
    else:
        scale = numbers_of(call.types[0])[1]
        if call.engine.name == "spark":
            value = call.cast(value, f"decimal(38,{scale})")
        total = f"CAST({over_rows(call, f'sum({each}{{0}})', value)} AS {double})"
    return f"{total} / NULLIF({count}, 0)"


def _extreme(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        if call.engine.name == "postgres" and call.types[0] == "boolean":
            return over_rows(
                call, f"{'bool_and' if name == 'min' else 'bool_or'}({{0}})", *call.args
            )
        return over_rows(call, f"{name}({{0}})", by_code_point(call))

    return render


def _end(name: str) -> Callable[[Call], str]:
    """`first` or `last` of the rows in the given order."""
    last = name == "last"

    def render(call: Call) -> str:
        no_distinct(call)
        _given(call)
        if call.engine.name == "spark":
            return f"try_element_at({spark_sorted(call, keep_nulls=True)}, {-1 if last else 1})"
        if call.engine.name == "postgres":
            no_window(call)
            order = keys(call, backwards=last)
            return f"({over_rows(call, f'array_agg({{0}} ORDER BY {order})', call.args[0])})[1]"
        return over_rows(call, f"{name}({{0}} ORDER BY {keys(call)})", call.args[0])

    return render


def _given(call: Call) -> None:
    if not call.order:
        raise Refusal(
            "PSK-PORT-028",
            f"what `{call.name}` gives depends on the order of rows",
            f"give it one: {call.name}(x ORDER BY y)",
        )


def _at(name: str) -> Callable[[Call], str]:
    """The value where another is least or greatest."""

    def render(call: Call) -> str:
        no_distinct(call)
        value, key = call.args[0], call.args[1]
        there = f"{value} IS NOT NULL AND {key} IS NOT NULL"
        if call.engine.name == "postgres":
            no_window(call)
            side = "ASC" if name == "arg_min" else "DESC"
            order = f"{by_code_point(call, 1)} {side}, {by_code_point(call)} {side}"
            sorts = f"array_agg({{0}} ORDER BY {literally(order)})"
            made = over_rows(call, sorts, value, where=there)
            return f"({made})[1]"
        if call.engine.name == "spark":
            native = "min_by" if name == "arg_min" else "max_by"
            return over_rows(
                call, f"{native}({{0}}, {{1}})", value, f"struct({key}, {value})", where=there
            )
        return over_rows(call, f"{name}({{0}}, {{1}})", value, f"row({key}, {value})", where=there)

    return render


def _joined(call: Call) -> str:
    distinct_by_itself(call)
    _given(call)
    between = separator(call)
    value = call.args[0]
    each = "DISTINCT " if call.distinct else ""
    if call.engine.name == "spark":
        count = over_rows(call, "count({0})", value)
        listed = spark_sorted(call, keep_nulls=False)
        return f"CASE WHEN {count} > 0 THEN array_join({listed}, {between}) END"
    if call.engine.name == "postgres":
        no_window(call)
        value = by_code_point(call)
    order = keys(call)
    return over_rows(call, f"string_agg({each}{{0}}, {{1}} ORDER BY {order})", value, between)


def _listed(call: Call) -> str:
    distinct_by_itself(call)
    _given(call)
    each = "DISTINCT " if call.distinct else ""
    if call.engine.name == "spark":
        count = over_rows(call, "count({0})", "*")
        return f"CASE WHEN {count} > 0 THEN {spark_sorted(call, keep_nulls=True)} END"
    value = call.args[0]
    if call.engine.name == "postgres":
        no_window(call)
        value = by_code_point(call) if call.distinct else value
    return over_rows(call, f"array_agg({each}{{0}} ORDER BY {keys(call)})", value)


def _listed_structs(call: Call) -> str:
    """Rows that tie are ordered by the fields: engines disagree on NULL inside a struct."""
    distinct_by_itself(call)
    if call.distinct:
        raise Refusal(
            "PSK-PORT-023",
            "`array_agg` of structs takes no DISTINCT",
            "SELECT DISTINCT the parts in a subquery before",
        )
    fields = _fields(types.parse(call.types[0]), call.args[0], call)
    return _listed(replace(call, order=[*call.order, *fields]))


def _fields(struct: types.Type, value: str, call: Call) -> list[Ordering]:
    found: list[Ordering] = []
    for name, kind in struct.fields:
        own = f"({value}).{call.engine.name_of(name)}"
        if kind.name == "struct":
            found += _fields(kind, own, call)
        elif not any(fits(str(kind), family) for family in _SORTED):
            raise Refusal(
                "PSK-PORT-023",
                f"`array_agg` of structs with a field of type {kind}: it has no order everywhere",
                f"leave `{name}` out of the struct",
            )
        else:
            found.append(Ordering(own, str(kind), descending=False, nulls_first=False))
    return found


def _mode(call: Call) -> str:
    no_distinct(call)
    value = call.args[0]
    if call.engine.name == "duckdb":
        # It takes a constant before ORDER BY for the fraction of a percentile.
        constant = call.nodes[0].find(exp.Column) is None
        order = "" if constant else f" ORDER BY {literally(value)} NULLS LAST"
        return over_rows(call, f"mode({{0}}{order})", value)
    if call.engine.name == "postgres":
        no_window(call)
        order = literally(by_code_point(call))
        return over_rows(call, f"mode() WITHIN GROUP (ORDER BY {order})")
    none = f"CAST(NULL AS {call.engine.type_name(call.type)})"
    run = "CASE WHEN e = s.v THEN s.n + 1 ELSE 1 END"
    return (
        f"aggregate(array_sort({over_rows(call, 'collect_list({0})', value)}),"
        f" named_struct('v', {none}, 'n', 0, 'best', {none}, 'most', 0),"
        f" (s, e) -> named_struct('v', e, 'n', {run},"
        f" 'best', CASE WHEN {run} > s.most THEN e ELSE s.best END,"
        f" 'most', greatest(s.most, {run})), s -> s.best)"
    )


def _product(call: Call) -> str:
    no_distinct(call)
    value = as_double(call, 0)
    if call.engine.name == "spark":
        count = over_rows(call, "count({0})", value)
        rows = over_rows(call, "collect_list({0})", value)
        return f"CASE WHEN {count} > 0 THEN aggregate({rows}, 1D, (a, v) -> a * v) END"
    name = "penstock.product" if call.engine.name == "postgres" else "product"
    return over_rows(call, f"{name}({{0}})", value)


def _geometric(call: Call) -> str:
    no_distinct(call)
    double = call.engine.type_name("double")
    logarithm = real("CASE WHEN {0} = 0 THEN -{inf} WHEN {0} < 0 THEN {nan} ELSE ln({0}) END")(call)
    total = _total(call, logarithm)
    count = over_rows(call, "count({0})", call.args[0])
    mean = f"({total} / NULLIF({count}, 0))"
    if call.engine.name == "postgres":
        return f"CASE WHEN {mean} < -745.13 THEN CAST(0 AS {double}) ELSE exp({mean}) END"
    return f"exp({mean})"


_HISTOGRAM = Gap("notimpl", "PSK-PORT-020", "GROUP BY the value and count")

FUNCTIONS = (
    _aggregate(
        "count",
        "How many rows there are, `count(*)`, or how many have a value, `count(x)`; 0 of none."
        " `count(DISTINCT a, b)` counts combinations whose values are all there.",
        on("", every=_count_rows, gives="bigint"),
        on("any", every=aggregate("count({distinct}{0})"), gives="bigint"),
        on("any, any…", every=_count_several, gives="bigint"),
        cases=[
            "count(*)",
            "count()",
            "count(x)",
            "count(DISTINCT x)",
            "count(DISTINCT t)",
            "count(DISTINCT t, o)",
            "count(DISTINCT d, i)",
            "count(*) FILTER (WHERE o)",
            "count(t) FILTER (WHERE x > 1)",
            "count(DISTINCT i) FILTER (WHERE o)",
            _windows(
                f"count(*) OVER {_GROUP}",
                f"count(t) OVER {_SO_FAR}",
                f"count(*) FILTER (WHERE o) OVER {_GROUP}",
            ),
        ],
    ),
    _aggregate(
        "count_distinct_rows",
        "How many different combinations of values there are, NULL like any other value; also"
        " `count(DISTINCT (a, b))`.",
        on("any…", every=_count_rows_of, gives="bigint"),
        cases=[
            "count_distinct_rows(t, o)",
            "count(DISTINCT (t, o))",
            "count(DISTINCT (i, d, t)) FILTER (WHERE x > 1)",
        ],
    ),
    _aggregate(
        "count_if",
        "How many rows make the condition true; 0 of none.",
        on("boolean", every=aggregate("count(CASE WHEN {0} THEN 1 END)"), gives="bigint"),
        aliases=["countif"],
        cases=["count_if(o)", "count_if(x > 1)", "count_if(o) FILTER (WHERE i > 1)"],
    ),
    _aggregate(
        "sum",
        "The sum: of whole numbers a decimal(38,0), of decimals one of 38 digits, which fails"
        " beyond them; of doubles a double, infinite beyond its range.",
        on("whole", every=_sum_exact),
        on("decimal", every=_sum_exact),
        on("double", every=_sum_double, gives="double"),
        cases=[
            "sum(i)",
            "sum(d)",
            "sum(x)",
            "sum(y)",
            "sum(DISTINCT i)",
            "sum(DISTINCT d)",
            "sum(d) FILTER (WHERE o)",
            "sum(d * d)",
            "sum(i) FILTER (WHERE i > 1000000000000)",
            "sum(CAST(y AS DECIMAL(4, 1)))",
            "SELECT sum(b) AS s, sum(hd) AS h, sum(d) AS d FROM t_num",
            "SELECT sum(y) AS s FROM t_edge WHERE y > 1e307",
            "SELECT sum(y) AS s FROM t_edge",
            _windows(
                f"sum(d) OVER {_SO_FAR}",
                f"sum(i) OVER {_AROUND}",
                f"sum(d) FILTER (WHERE o) OVER {_GROUP}",
                f"sum(y) OVER {_SO_FAR}",
            ),
            f"sum(CAST('{10**38 - 1}' AS DECIMAL(38, 0)))",
        ],
    ),
    _aggregate(
        "avg",
        "The mean as a double: of whole numbers and decimals the exact sum divided once.",
        on("number", every=_average, gives="double"),
        aliases=["mean"],
        cases=[
            "avg(i)",
            "avg(d)",
            "avg(x)",
            "avg(y)",
            "avg(DISTINCT i)",
            "mean(d) FILTER (WHERE o)",
            "SELECT avg(b) AS b, avg(hd) AS h FROM t_num",
            _windows(f"avg(d) OVER {_SO_FAR}", f"avg(y) FILTER (WHERE o) OVER {_GROUP}"),
        ],
    ),
    *(
        _aggregate(
            name,
            f"The {what} value; NaN is above every number, text is compared by code point, false"
            " is below true.",
            *_each(_extreme(name)),
            cases=[
                f"{name}(i)",
                f"{name}(d)",
                f"{name}(x)",
                f"{name}(t)",
                f"{name}(o)",
                f"{name}(t) FILTER (WHERE o)",
                f"SELECT {name}(d) AS d, {name}(ts) AS t, {name}(tz) AS z FROM t_dt",
                _windows(
                    f"{name}(t) OVER {_SO_FAR}",
                    f"{name}(o) OVER {_GROUP}",
                    f"{name}(x) FILTER (WHERE o) OVER {_GROUP}",
                ),
            ],
        )
        for name, what in (("min", "least"), ("max", "greatest"))
    ),
    _aggregate(
        "any_value",
        "A value of the group, the least one: the same on every engine.",
        *_each(_extreme("min")),
        aliases=["arbitrary"],
        cases=["any_value(t)", "any_value(d)", "any_value(o)", "any_value(i) FILTER (WHERE o)"],
    ),
    *(
        _aggregate(
            name,
            f"The value of the {name} row in the order that is given, NULL if it has none there;"
            " of rows that tie the values decide, NULL last.",
            *_each(_end(name)),
            ordered=True,
            cases=[
                *(
                    f"{name}({c} ORDER BY {o})"
                    for c in ("t", "d")
                    for o in ("id", "y DESC NULLS LAST", "t NULLS FIRST, i DESC")
                ),
                f"{name}(x ORDER BY i) FILTER (WHERE o)",
                f"{name}(o ORDER BY o DESC)",
                f"{name}(t ORDER BY g)",
            ],
        )
        for name in ("first", "last")
    ),
    *(
        _aggregate(
            name,
            f"The value where another is {what}; rows in which one of the two is NULL are passed"
            f" over; where several rows tie, their {which} value.",
            *(on(f"{a}, {b}", every=_at(name), gives="{0}") for a in _SORTED for b in _SORTED),
            aliases=aliases,
            cases=[
                f"{name}(t, y)",
                f"{name}(i, t)",
                f"{name}(x, i)",
                f"{name}(d, x)",
                f"{name}(o, d)",
                f"{name}(t, g)",
                f"{name}(t, i) FILTER (WHERE o)",
                f"{name}(t, o)",
            ],
        )
        for name, what, which, aliases in (
            ("arg_min", "least", "least", ["min_by", "argmin"]),
            ("arg_max", "greatest", "greatest", ["max_by", "argmax"]),
        )
    ),
    *(
        _aggregate(
            name,
            f"Whether {what} value is true.",
            on("boolean", every=aggregate(f"{name}({{0}})"), gives="boolean"),
            aliases=aliases,
            cases=[
                f"{name}(o)",
                f"{name}(x > 1)",
                f"{name}(o) FILTER (WHERE i > 2)",
                f"SELECT id AS k, {name}(o) OVER (PARTITION BY g ORDER BY id) AS v FROM t_stat",
            ],
        )
        for name, what, aliases in (("bool_and", "every", ["every"]), ("bool_or", "some", []))
    ),
    *(
        _aggregate(
            name,
            f"The bits that are set in {what} of the whole numbers.",
            on("whole", every=aggregate(f"{name}({{0}})"), gives="{0}"),
            cases=[f"{name}(i)", f"{name}(CAST(i AS BIGINT))", f"{name}(i) FILTER (WHERE o)"],
        )
        for name, what in (("bit_and", "all"), ("bit_or", "one"), ("bit_xor", "an odd number"))
    ),
    _aggregate(
        "product",
        "The product as a double; the last digits depend on the order of rows.",
        on("number", every=_product, gives="double"),
        cases=["product(d)", "product(i)", "product(x)", "product(y) FILTER (WHERE o)"],
    ),
    _aggregate(
        "geometric_mean",
        "The geometric mean as a double: 0 where a value is 0, NaN where one is below.",
        on("number", every=_geometric, gives="double"),
        aliases=["geomean"],
        cases=["geometric_mean(abs(d))", "geometric_mean(y)", "geometric_mean(i)"],
    ),
    _aggregate(
        "string_agg",
        "The texts in the order that is given with a separator between them, a comma if none is"
        " written; NULLs are passed over, NULL where there is none; rows that tie are ordered by"
        " their texts.",
        on("varchar", every=_joined, gives="varchar"),
        on("varchar, varchar", every=_joined, gives="varchar"),
        aliases=["group_concat", "listagg"],
        ordered=True,
        cases=[
            "string_agg(t, ',' ORDER BY id)",
            "string_agg(t, '' ORDER BY t DESC)",
            "group_concat(t ORDER BY i NULLS FIRST)",
            "string_agg(DISTINCT t, '-' ORDER BY t)",
            "string_agg(DISTINCT t, '|' ORDER BY t DESC)",
            "string_agg(t, ', ' ORDER BY o DESC, id) FILTER (WHERE i > 1)",
            "string_agg(t, ',' ORDER BY g)",
            "listagg(t, '+') WITHIN GROUP (ORDER BY id DESC)",
        ],
    ),
    _aggregate(
        "array_agg",
        "The values in the order that is given as a list, NULLs too; rows that tie are ordered by"
        " their values, NULL last.",
        *_each(_listed, gives="{0}[]"),
        on(
            "struct",
            duckdb=_listed_structs,
            spark=_listed_structs,
            postgres=Gap("never", "PSK-PORT-020", "it has no type for a struct"),
            gives="{0}[]",
        ),
        aliases=["list"],
        ordered=True,
        cases=[
            "array_agg(t ORDER BY id)",
            "list(i ORDER BY i DESC NULLS LAST)",
            "array_agg(d ORDER BY t, id)",
            "array_agg(DISTINCT t ORDER BY t)",
            "array_agg(DISTINCT i ORDER BY i DESC)",
            "array_agg(t ORDER BY replace(t, 'b', '{0}'), id)",
            "array_agg(i ORDER BY id) FILTER (WHERE o)",
            "array_agg(t ORDER BY g)",
            "array_agg(o ORDER BY id)",
            "array_agg({'t': t, 'i': i} ORDER BY g DESC)",
            "array_agg({'a': {'t': t, 'o': o}, 'd': d} ORDER BY i NULLS FIRST)",
        ],
    ),
    _aggregate(
        "mode",
        "The value that occurs most often; of several the least.",
        *_each(_mode),
        cases=[
            "mode(i)",
            "mode(t)",
            "mode(d)",
            "mode(x)",
            "mode(o)",
            "mode(t) FILTER (WHERE o)",
            "mode() WITHIN GROUP (ORDER BY t)",
            "mode(2)",
            "mode(NULL)",
        ],
    ),
    _aggregate(
        "approx_count_distinct",
        "How many different values there are: exactly, so that every engine gives the same.",
        on(
            "any",
            every=lambda call: over_rows(call, "count(DISTINCT {0})", call.args[0]),
            gives="bigint",
        ),
        cases=["approx_count_distinct(t)", "approx_count_distinct(i) FILTER (WHERE o)"],
    ),
    _aggregate(
        "histogram",
        "How often each value occurs, as a map: refused.",
        on("any", duckdb=_HISTOGRAM, spark=_HISTOGRAM, postgres=_HISTOGRAM, gives="bigint"),
        cases=["histogram(i)"],
    ),
)
