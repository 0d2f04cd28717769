"""The queries of a `statistics` step."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from penstock.transforms.names import cast, column, identifier, literal, named, select, table
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Kind = Literal["number", "text", "other"]
"""What can be told of a column: of numbers their mean, of text and dates the least and greatest."""
_NUMBER = {
    "min": "CAST(min($x) AS double)",
    "max": "CAST(max($x) AS double)",
    "mean": "avg(CAST($x AS double))",
    "stddev": "stddev_samp(CAST($x AS double))",
}
_TEXT = {"min_text": "CAST(min($x) AS varchar)", "max_text": "CAST(max($x) AS varchar)"}
OF_PAIRS = ("rows", "correlation")
_CORRELATION = (
    "CASE WHEN min(CASE WHEN $y IS NOT NULL THEN $x END) "
    "= max(CASE WHEN $y IS NOT NULL THEN $x END) "
    "OR min(CASE WHEN $x IS NOT NULL THEN $y END) = max(CASE WHEN $x IS NOT NULL THEN $y END) "
    "THEN NULL ELSE corr(CAST($x AS double), CAST($y AS double)) END"
)


def percentile(part: float) -> str:
    """The name of the column for a percentile.

    >>> percentile(0.5), percentile(0.999)
    ('p50', 'p99_9')
    """
    return f"p{part * 100:.10g}".replace(".", "_")


def measures(kind: Kind, percentiles: Sequence[float]) -> dict[str, str]:
    """What is told of a column beside its rows: name → aggregate."""
    told = {
        "rows": "count(*)",
        "nulls": "count(*) - count($x)",
        "distinct": "count(DISTINCT $x)",
    }
    if kind == "number":
        told |= _NUMBER
        for part in percentiles:
            told[percentile(part)] = f"quantile_cont(CAST($x AS double), {part!r})"
    return told | (_TEXT if kind == "text" else {})


def measured(rows: str, kinds: Mapping[str, Kind], percentiles: Sequence[float]) -> exp.Query:
    """One row with all that is told: `m1_rows` of the first column."""
    items = [
        named(filled(sql, x=column(name)), f"m{i}_{what}")
        for i, (name, kind) in enumerate(kinds.items(), start=1)
        for what, sql in measures(kind, percentiles).items()
    ]
    return select(items, table(rows))


def sources(kinds: Mapping[str, Kind], percentiles: Sequence[float]) -> dict[str, str]:
    """Column of `measured` → the column that it tells of."""
    return {
        f"m{i}_{what}": name
        for i, (name, kind) in enumerate(kinds.items(), start=1)
        for what in measures(kind, percentiles)
    }


def in_long_form(
    rows: str, kinds: Mapping[str, Kind], percentiles: Sequence[float], columns: Mapping[str, str]
) -> exp.Query:
    """One row for each column that is told of, out of the one row of `measured`."""

    def cell(i: int, what: str) -> exp.Expr | None:
        known = measures(list(kinds.values())[i - 1], percentiles)
        return column(f"m{i}_{what}", rows) if what in known else None

    whats = {what: type_name for what, type_name in columns.items() if what != "column"}
    return _long(rows, "column", list(kinds), whats, cell)


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each pair of columns once."""
    return list(combinations(names, 2))


def correlations_measured(rows: str, names: Sequence[str]) -> exp.Query:
    """One row with the numbers of every pair."""
    items = []
    for i, (x, y) in enumerate(pairs(names), start=1):
        both = "count(CASE WHEN $x IS NOT NULL AND $y IS NOT NULL THEN 1 END)"
        items.append(named(filled(both, x=column(x), y=column(y)), f"m{i}_rows"))
        items.append(named(filled(_CORRELATION, x=column(x), y=column(y)), f"m{i}_correlation"))
    return select(items, table(rows))


def correlations(rows: str, names: Sequence[str]) -> exp.Query:
    """One row for each pair, out of the one row of `correlations_measured`."""
    compared = pairs(names)
    whats = {"second": "varchar", "rows": "bigint", "correlation": "double"}

    def cell(i: int, what: str) -> exp.Expr:
        if what == "second":
            return exp.Literal.string(compared[i - 1][1])
        return column(f"m{i}_{what}", rows)

    return _long(rows, "first", [x for x, _ in compared], whats, cell)


def bins(rows: str, name: str, edges: Sequence[float]) -> exp.Query:
    """The number of rows in each bin: one row, `b0` to the last, and `b_null`."""
    value = cast(column(name), "double")
    ends: list[exp.Expr | None] = [None, *map(_number, edges), None]
    items = []
    for i, (low, high) in enumerate(pairwise(ends)):
        tests: list[exp.Expr] = []
        if low:
            tests.append(exp.GTE(this=value.copy(), expression=low.copy()))
        if high:
            tests.append(exp.LT(this=value.copy(), expression=high.copy()))
        inside = exp.and_(*tests, copy=False)
        items.append(named(filled("count(CASE WHEN $t THEN 1 END)", t=inside), f"m{i + 1}_rows"))
    nulls = filled("count(*) - count($x)", x=column(name))
    items.append(named(nulls, f"m{len(items) + 1}_rows"))
    return select(items, table(rows))


def histogram(rows: str, edges: Sequence[float]) -> exp.Query:
    """One row for each bin, out of the one row of `bins`."""
    count = len(edges) + 1
    whats = {"from": "double", "to": "double", "rows": "bigint"}

    def cell(i: int, what: str) -> exp.Expr | None:
        if what == "rows":
            return column(f"m{i}_rows", rows)
        at = i - 2 if what == "from" else i - 1
        return _number(edges[at]) if i <= count and 0 <= at < len(edges) else None

    return _long(rows, "bin", [*range(count), None], whats, cell)


def _number(value: float) -> exp.Expr:
    return cast(exp.Literal.number(repr(float(value))), "double")


def _long(
    rows: str,
    label: str,
    labels: Sequence[str | int | None],
    whats: Mapping[str, str],
    cell: Callable[[int, str], exp.Expr | None],
) -> exp.Query:
    """Rows out of one row: a label, and what is told of it.

    Args:
        labels: one for each row that comes out.
        whats: column that comes out → its type.
        cell: the value in the row of this number, from 1; None: NULL.
    """
    part = "part" if rows != "part" else "part2"
    values = exp.Values(
        expressions=[exp.Tuple(expressions=[literal(i + 1)]) for i in range(len(labels))],
        alias=exp.TableAlias(this=identifier(part), columns=[identifier("number")]),
    )
    kind = "bigint" if any(isinstance(x, int) for x in labels) else "varchar"
    number = column("number", part)

    def chosen(found: Mapping[int, exp.Expr], type_name: str) -> exp.Expr:
        if not found:
            return cast(exp.Null(), type_name)
        ifs = [
            exp.If(this=exp.EQ(this=number.copy(), expression=literal(i)), true=tree)
            for i, tree in found.items()
        ]
        return cast(exp.Case(ifs=ifs), type_name)

    items = [
        named(
            chosen({i: literal(x) for i, x in enumerate(labels, 1) if x is not None}, kind), label
        )
    ]
    for what, type_name in whats.items():
        cells = {i: cell(i, what) for i in range(1, len(labels) + 1)}
        items.append(named(chosen({i: c for i, c in cells.items() if c}, type_name), what))
    return select(items, table(rows)).join(values, join_type="cross", copy=False)
