"""How lists are written for each engine; `lists.py` declares the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import on
from penstock.dialects.portable.families import WHOLE, element, fits, name_of, numbers_of
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Overload, Rendering


_WIDER = (*WHOLE, "decimal", "double")


_ORDERED = ("boolean", "varchar", "date", "timestamp", "timestamptz", *_WIDER)


NO_NESTED = Gap("never", "PSK-PORT-020", "PostgreSQL has no lists of lists of different lengths")


def item(call: Call, of: int = 0, at: int = 1) -> str:
    """An argument as an element of a list that is another argument.

    Raises:
        Refusal: the list's type does not hold every value of it.
    """
    wanted, found = element(call.types[of]), call.types[at]
    if found == wanted:
        return call.args[at]
    node = call.nodes[at].unnest()
    if isinstance(node, exp.Literal) and found in WHOLE and name_of(wanted) == "decimal":
        found = f"decimal({len(str(node.this))},0)"
    if found == "null" or _holds(wanted, found):
        return call.cast(call.args[at], wanted)
    raise Refusal(
        "PSK-PORT-023", f"`{call.name}`: {found} is no element of {call.types[of]}", "cast it"
    )


def _holds(wanted: str, found: str) -> bool:
    a, b = name_of(wanted), name_of(found)
    if not (fits(wanted, "number") and fits(found, "number")):
        return False
    if a == "double" or (a in WHOLE and b in WHOLE):
        return a == "double" or _WIDER.index(b) <= _WIDER.index(a)
    if a == "decimal" and b != "double":
        (p, s), (q, t) = numbers_of(wanted), numbers_of(found)
        return t <= s and q - t <= p - s
    return False


def ordered(call: Call) -> str:
    """The list where its elements are compared: texts by code point.

    Raises:
        Refusal: engines order its elements differently.
    """
    kind = element(call.types[0])
    if name_of(kind) not in _ORDERED:
        raise Refusal("PSK-PORT-023", f"`{call.name}`: elements of type {kind} have no order")
    collate = call.engine.collate if kind == "varchar" else ""
    return f"({call.args[0]}{collate})" if collate else call.args[0]


def _with_item(template: str) -> Callable[[Call], str]:
    """A rendering whose `{1}` is an element of the list `{0}`."""
    return lambda call: template.format(call.args[0], item(call))


def containing(found: str) -> Callable[[Call], str]:
    """Whether a list has a value, by a template; NULL of a NULL value."""

    def render(call: Call) -> str:
        value = item(call)
        inside = found.format(call.args[0], value)
        known = f"{call.args[0]} IS NOT NULL AND {value} IS NOT NULL"
        return f"CASE WHEN {known} THEN COALESCE({inside}, FALSE) END"

    return render


def position(found: str) -> Callable[[Call], str]:
    """Where the first equal value stands, from 1."""

    def render(call: Call) -> str:
        value = item(call)
        inside = found.format(call.args[0], value)
        return f"CASE WHEN {value} IS NOT NULL THEN {call.cast(inside)} END"

    return render


def at_spark(call: Call) -> str:
    """One element; Spark fails at 0 where the others give NULL.

    The least integer has no positive: Spark 3.5 looks before the list then, and its Java dies.
    """
    rows, at = call.args
    place = f"greatest(TRY_CAST({at} AS INT), -2147483647)"
    return f"CASE WHEN {at} <> 0 THEN try_element_at({rows}, {place}) END"


def slice_spark(call: Call) -> str:
    """A part of a list on Spark, by first and last place."""
    rows, low, high = call.args
    known = f"{low} IS NOT NULL AND {high} IS NOT NULL"

    def bound(sql: str) -> str:
        return f"CASE WHEN {sql} < 0 THEN size({rows}) + 1 + {sql} ELSE {sql} END"

    inside = f"i + 1 >= {bound(low)} AND i + 1 <= {bound(high)}"
    return f"CASE WHEN {known} THEN filter({rows}, (x, i) -> {inside}) END"


def slice_postgres(call: Call) -> str:
    """A part of a list on PostgreSQL, by a helper."""
    return f"penstock.list_slice({call.args[0]}, {big(call, 1)}, {big(call, 2)})"


def big(call: Call, number: int) -> str:
    """An argument as a bigint."""
    return call.cast(call.args[number], "bigint")


def sorting(*, spark: bool = False, postgres: bool = False, down: bool = False) -> Rendering:
    """A list in order: NULLs and direction as the arguments say."""

    def render(call: Call) -> str:
        rows = ordered(call)
        words = [call.text(i, "the order").upper() for i in range(1, len(call.args))]
        known = {"ASC", "DESC"}, {"NULLS FIRST", "NULLS LAST"}
        if down:
            words = ["DESC", *words]
        for word, allowed in zip(words, known, strict=False):
            if word not in allowed:
                raise Refusal("PSK-PORT-024", f"`{call.name}`: {word} is none of {sorted(allowed)}")
        descending = words[:1] == ["DESC"]
        first = words[1:2] == ["NULLS FIRST"]
        if postgres:
            return f"penstock.list_sort({rows}, {str(descending).upper()}, {str(first).upper()})"
        if not spark:
            order, nulls = "DESC" if descending else "ASC", "FIRST" if first else "LAST"
            return f"list_sort({rows}, '{order}', 'NULLS {nulls}')"
        if descending == first:
            return f"reverse(array_sort({rows}))" if descending else f"array_sort({rows})"
        return f"sort_array({rows}, {str(not descending).upper()})"

    return render


def joined(template: str) -> Rendering:
    """Lists as one; a NULL list is as an empty one."""

    def render(call: Call) -> str:
        kind = call.engine.type_name(call.type)
        empty = call.engine.list_of([], call.type)
        lists = [f"COALESCE(CAST({a} AS {kind}), {empty})" for a in call.args]
        return template.format(f" {'||' if template == '{}' else ','} ".join(lists))

    return render


def appended(template: str, *, before: bool = False) -> Rendering:
    """A list with one more value, in the type that both meet in."""

    def render(call: Call) -> str:
        of, at = (1, 0) if before else (0, 1)
        one = call.engine.list_of([item(call, of, at)], call.types[of])
        rows = f"COALESCE({call.args[of]}, {call.engine.list_of([], call.types[of])})"
        return template.format(*((one, rows) if before else (rows, one)))

    return render


def to_text(template: str, computed: str | None = None) -> Rendering:
    """Texts of a list joined; other values as their texts.

    Args:
        computed: the template where the text between them is not written in the SQL.
    """

    def render(call: Call) -> str:
        kind = element(call.types[0])
        if kind != "varchar" and kind not in WHOLE:
            raise Refusal(
                "PSK-PORT-023",
                f"`{call.name}` joins texts and whole numbers, not {kind}",
                "list_transform to texts first",
            )
        rows = call.args[0] if kind == "varchar" else call.cast(call.args[0], "varchar[]")
        written = isinstance(call.nodes[1].unnest(), exp.Literal)
        chosen = template if written or computed is None else computed
        return f"CASE WHEN {call.args[1]} IS NOT NULL THEN {chosen.format(rows, call.args[1])} END"

    return render


def least(template: str) -> Rendering:
    """A template over the list with its values comparable."""
    return lambda call: template.format(ordered(call))


def numbers_type(call: Call) -> str:
    """`double` or `decimal(38,s)`: what the sum of a list's elements is."""
    kind = element(call.types[0])
    if not fits(kind, "number"):
        raise Refusal("PSK-PORT-023", f"`{call.name}` takes numbers, not {kind}")
    if kind == "double":
        return kind
    return f"decimal(38,{numbers_of(kind)[1] if name_of(kind) == 'decimal' else 0})"


def total(call: Call) -> str:
    """The sum of a list's numbers, in the type that `sum` gives."""
    kind = numbers_type(call)
    if call.engine.name == "duckdb":
        made = f"list_sum({call.args[0]})"
    elif call.engine.explodes:
        zero = call.cast("0", kind)
        add = f"(t, x) -> CAST(t + x AS {call.engine.type_name(kind)})"
        known = f"filter({call.args[0]}, x -> x IS NOT NULL)"
        made = f"CASE WHEN size({known}) > 0 THEN aggregate({known}, {zero}, {add}) END"
    else:
        lists = "DOUBLE PRECISION[]" if kind == "double" else "NUMERIC[]"
        made = f"penstock.list_sum(CAST({call.args[0]} AS {lists}))"
    return call.cast(made, kind)


def average(call: Call) -> str:
    """The mean of a list's numbers as a double."""
    counted = COUNT[call.engine.name].format(call.args[0])
    return f"{call.cast(total(call), 'double')} / NULLIF({call.cast(counted, 'double')}, 0)"


COUNT = {
    "duckdb": "list_count({0})",
    "spark": "size(filter({0}, x -> x IS NOT NULL))",
    "postgres": "penstock.list_count({0})",
}


KNOWN = "filter({0}, x -> x IS NOT NULL)"


DISTINCT = "list_filter({0}, lambda x, i: list_position({0}, x) = i AND x IS NOT NULL)"


LENGTH: Overload = on(
    "list",
    duckdb="::len({0})",
    spark="::CASE WHEN {0} IS NOT NULL THEN size({0}) END",
    postgres="::cardinality({0})",
    gives="bigint",
)


CONTAINS = on(
    "list, scalar",
    duckdb=containing("list_contains({0}, {1})"),
    spark=containing("array_contains({0}, {1})"),
    postgres=containing("{1} = ANY({0})"),
    gives="boolean",
)


REPEAT = on(
    "list, whole",
    duckdb="repeat({0}, {1})",
    spark="CASE WHEN {0} IS NOT NULL THEN flatten(array_repeat({0}, CAST({1} AS INT))) END",
    postgres="penstock.list_repeat({0}, CAST({1} AS BIGINT))",
    gives="{0}",
)


def missing(call: Call) -> str:
    """How many elements a list lacks."""
    return f"greatest(CAST({call.args[1]} AS INT) - size({call.args[0]}), 0)"


def fill(call: Call) -> str:
    """What a list is made longer with; NULL without one."""
    if len(call.args) > 2:
        return item(call, 0, 2)
    return call.cast("NULL", element(call.types[0]))
