"""Lists: places are counted from 1, from the end with a minus; NULL is an element like others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.families import WHOLE, element, fits, name_of, numbers_of
from penstock.dialects.portable.functions.lambdas import LAMBDAS
from penstock.dialects.portable.functions.series import SERIES
from penstock.dialects.portable.functions.structs import VALUE_AT
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


def _contains(found: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        value = item(call)
        inside = found.format(call.args[0], value)
        known = f"{call.args[0]} IS NOT NULL AND {value} IS NOT NULL"
        return f"CASE WHEN {known} THEN COALESCE({inside}, FALSE) END"

    return render


def _position(found: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        value = item(call)
        inside = found.format(call.args[0], value)
        return f"CASE WHEN {value} IS NOT NULL THEN {call.cast(inside)} END"

    return render


def _at_spark(call: Call) -> str:
    rows, at = call.args
    return f"CASE WHEN {at} <> 0 THEN try_element_at({rows}, TRY_CAST({at} AS INT)) END"


def _slice_spark(call: Call) -> str:
    rows, low, high = call.args
    known = f"{low} IS NOT NULL AND {high} IS NOT NULL"

    def bound(sql: str) -> str:
        return f"CASE WHEN {sql} < 0 THEN size({rows}) + 1 + {sql} ELSE {sql} END"

    inside = f"i + 1 >= {bound(low)} AND i + 1 <= {bound(high)}"
    return f"CASE WHEN {known} THEN filter({rows}, (x, i) -> {inside}) END"


def _slice_postgres(call: Call) -> str:
    return f"penstock.list_slice({call.args[0]}, {_big(call, 1)}, {_big(call, 2)})"


def _big(call: Call, number: int) -> str:
    return call.cast(call.args[number], "bigint")


def _sorted(*, spark: bool = False, postgres: bool = False, down: bool = False) -> Rendering:
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


def _joined(template: str) -> Rendering:
    """Lists as one; a NULL list is as an empty one."""

    def render(call: Call) -> str:
        kind = call.engine.type_name(call.type)
        empty = call.engine.list_of([], call.type)
        lists = [f"COALESCE(CAST({a} AS {kind}), {empty})" for a in call.args]
        return template.format(f" {'||' if template == '{}' else ','} ".join(lists))

    return render


def _appended(template: str, *, before: bool = False) -> Rendering:
    def render(call: Call) -> str:
        of, at = (1, 0) if before else (0, 1)
        one = call.engine.list_of([item(call, of, at)], call.types[of])
        rows = f"COALESCE({call.args[of]}, {call.engine.list_of([], call.types[of])})"
        return template.format(*((one, rows) if before else (rows, one)))

    return render


def _to_text(template: str) -> Rendering:
    def render(call: Call) -> str:
        kind = element(call.types[0])
        if kind != "varchar" and kind not in WHOLE:
            raise Refusal(
                "PSK-PORT-023",
                f"`{call.name}` joins texts and whole numbers, not {kind}",
                "list_transform to texts first",
            )
        rows = call.args[0] if kind == "varchar" else call.cast(call.args[0], "varchar[]")
        return (
            f"CASE WHEN {call.args[1]} IS NOT NULL THEN {template.format(rows, call.args[1])} END"
        )

    return render


def _least(template: str) -> Rendering:
    return lambda call: template.format(ordered(call))


def _numbers(call: Call) -> str:
    """`double` or `decimal(38,s)`: what the sum of a list's elements is."""
    kind = element(call.types[0])
    if not fits(kind, "number"):
        raise Refusal("PSK-PORT-023", f"`{call.name}` takes numbers, not {kind}")
    if kind == "double":
        return kind
    return f"decimal(38,{numbers_of(kind)[1] if name_of(kind) == 'decimal' else 0})"


def _sum(call: Call) -> str:
    kind = _numbers(call)
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


def _average(call: Call) -> str:
    counted = _COUNT[call.engine.name].format(call.args[0])
    return f"{call.cast(_sum(call), 'double')} / NULLIF({call.cast(counted, 'double')}, 0)"


_COUNT = {
    "duckdb": "list_count({0})",
    "spark": "size(filter({0}, x -> x IS NOT NULL))",
    "postgres": "penstock.list_count({0})",
}
_KNOWN = "filter({0}, x -> x IS NOT NULL)"
_DISTINCT = "list_filter({0}, lambda x, i: list_position({0}, x) = i AND x IS NOT NULL)"
_LENGTH: Overload = on(
    "list",
    duckdb="::len({0})",
    spark="::CASE WHEN {0} IS NOT NULL THEN size({0}) END",
    postgres="::cardinality({0})",
    gives="bigint",
)
_CONTAINS = on(
    "list, scalar",
    duckdb=_contains("list_contains({0}, {1})"),
    spark=_contains("array_contains({0}, {1})"),
    postgres=_contains("{1} = ANY({0})"),
    gives="boolean",
)
_REPEAT = on(
    "list, whole",
    duckdb="repeat({0}, {1})",
    spark="CASE WHEN {0} IS NOT NULL THEN flatten(array_repeat({0}, CAST({1} AS INT))) END",
    postgres="penstock.list_repeat({0}, CAST({1} AS BIGINT))",
    gives="{0}",
)
OVERLOADS = {"length": (_LENGTH,), "repeat": (_REPEAT,), "contains": (_CONTAINS,)}
"""More ways to call functions that are declared elsewhere."""

FUNCTIONS = (
    function(
        "array_length",
        "lists",
        "The number of elements, NULLs among them; `len` and `length` of a list are the same.",
        _LENGTH,
        cases=["array_length(a)", "array_length(tags)", "array_length([1, NULL])"],
        over="t_arr",
    ),
    function(
        "list_value",
        "lists",
        "A list of the values, brought to their common type; `[1, 2]` is the same.",
        on(
            "any, any…",
            every=lambda c: c.engine.list_of(
                [
                    a if t == element(c.type) else c.cast(a, element(c.type))
                    for a, t in zip(c.args, c.types, strict=True)
                ],
                c.type,
            ),
        ),
        on("any", every=lambda c: c.engine.list_of([c.args[0]], c.type)),
        aliases=("list_pack",),
        cases=["list_value(id, NULL, 3)", "[id, 2.5]", "[id]", "['a', NULL]", "[1, 10000000000]"],
        over="t_arr",
    ),
    function(
        "list_extract",
        "lists",
        "The element at a place, from the end with a minus; NULL where there is none, also at 0. "
        "`list[1]` is the same.",
        on(
            "list, whole",
            duckdb="list_extract({0}, {1})",
            spark=_at_spark,
            postgres="penstock.list_at({0}, CAST({1} AS BIGINT))",
            gives="{element}",
        ),
        VALUE_AT,
        aliases=("array_extract", "list_element"),
        cases=[
            "a[1]",
            "a[-1]",
            "a[0]",
            "a[9]",
            "a[-9]",
            "tags[2]",
            "a[id]",
            "a[NULL::INTEGER]",
            "list_extract(a, 2)",
            "a[10000000000]",
        ],
        over="t_arr",
    ),
    function(
        "list_slice",
        "lists",
        "The elements from one place to another, both with; places from the end with a minus; what "
        "lies outside is left out. NULL bounds give NULL. `list[2:3]`, `list[2:]` are the same.",
        on(
            "list, whole, whole",
            duckdb="list_slice({0}, {1}, {2})",
            spark=_slice_spark,
            postgres=_slice_postgres,
            gives="{0}",
        ),
        aliases=("array_slice",),
        cases=[
            "a[2:3]",
            "a[:2]",
            "a[2:]",
            "a[-2:]",
            "a[:-2]",
            "a[0:1]",
            "a[3:1]",
            "a[-9:9]",
            "a[:-9]",
            "tags[1:1]",
            "a[id:]",
            "list_slice(a, 1, NULL::INTEGER)",
        ],
        over="t_arr",
    ),
    function(
        "list_contains",
        "lists",
        "Whether an element equals a value; NULL elements equal nothing; NULL for a NULL value.",
        _CONTAINS,
        aliases=("array_contains", "list_has", "array_has"),
        cases=[
            "list_contains(a, 5)",
            "list_contains(a, NULL::INTEGER)",
            "list_contains(tags, 'x')",
            "list_contains([1.5, 2.5], 2)",
            "list_contains(a, id)",
        ],
        over="t_arr",
    ),
    function(
        "list_position",
        "lists",
        "The place of the first element that equals a value; NULL of none, and for NULL.",
        on(
            "list, scalar",
            duckdb=_position("list_position({0}, {1})"),
            spark=_position("NULLIF(array_position({0}, {1}), 0)"),
            postgres=_position("array_position({0}, {1})"),
            gives="bigint",
        ),
        aliases=("array_position", "list_indexof", "array_indexof"),
        cases=[
            "list_position(a, 5)",
            "list_position(a, 9)",
            "list_position(a, NULL::INTEGER)",
            "list_position(tags, 'E')",
        ],
        over="t_arr",
    ),
    function(
        "list_sort",
        "lists",
        "The elements in order, texts by code point, NULLs last unless 'NULLS FIRST' is said.",
        on(
            "list, varchar?, varchar?",
            duckdb=_sorted(),
            spark=_sorted(spark=True),
            postgres=_sorted(postgres=True),
            gives="{0}",
        ),
        aliases=("array_sort",),
        cases=[
            "list_sort(a)",
            "list_sort(a, 'DESC')",
            "list_sort(a, 'ASC', 'NULLS FIRST')",
            "list_sort(a, 'DESC', 'NULLS FIRST')",
            "list_sort(tags)",
            "list_sort(['b', 'B', 'é', 'e', NULL, ''])",
        ],
        over="t_arr",
    ),
    function(
        "list_reverse_sort",
        "lists",
        "The elements in falling order, NULLs last unless 'NULLS FIRST' is said.",
        on(
            "list, varchar?",
            duckdb=_sorted(down=True),
            spark=_sorted(spark=True, down=True),
            postgres=_sorted(postgres=True, down=True),
            gives="{0}",
        ),
        aliases=("array_reverse_sort",),
        cases=[
            "list_reverse_sort(a)",
            "list_reverse_sort(a, 'NULLS FIRST')",
            "list_reverse_sort(tags)",
        ],
        over="t_arr",
    ),
    function(
        "list_reverse",
        "lists",
        "The elements from the last to the first.",
        on(
            "list",
            duckdb="list_reverse({0})",
            spark="reverse({0})",
            postgres="penstock.list_reverse({0})",
            gives="{0}",
        ),
        aliases=("array_reverse",),
        cases=["list_reverse(a)", "list_reverse(tags)"],
        over="t_arr",
    ),
    function(
        "list_distinct",
        "lists",
        "Each element once, in the order in which they first come, without NULL.",
        on(
            "list",
            duckdb=_DISTINCT,
            spark="array_distinct(filter({0}, x -> x IS NOT NULL))",
            postgres="penstock.list_distinct({0})",
            gives="{0}",
        ),
        aliases=("array_distinct",),
        cases=[
            "list_distinct(a)",
            "list_distinct(tags)",
            "list_distinct([3, 1, 3, NULL, 1, NULL])",
        ],
        over="t_arr",
    ),
    function(
        "list_unique",
        "lists",
        "The number of different elements without NULL.",
        on(
            "list",
            duckdb="::list_unique({0})",
            spark="::CASE WHEN {0} IS NOT NULL THEN size(array_distinct(" + _KNOWN + ")) END",
            postgres="penstock.list_unique({0})",
            gives="bigint",
        ),
        aliases=("array_unique",),
        cases=["list_unique(a)", "list_unique(tags)"],
        over="t_arr",
    ),
    function(
        "list_concat",
        "lists",
        "The elements of one list behind those of another; a NULL list is as an empty one.",
        on(
            "list, list, list…",
            duckdb=_joined("list_concat({})"),
            spark=_joined("concat({})"),
            postgres=_joined("{}"),
            gives="common",
        ),
        on(
            "list, list",
            duckdb=_joined("list_concat({})"),
            spark=_joined("concat({})"),
            postgres=_joined("{}"),
            gives="common",
        ),
        aliases=("list_cat", "array_concat", "array_cat"),
        cases=[
            "list_concat(a, [9])",
            "list_concat(a, a)",
            "list_concat(tags, ['z'], tags)",
            "list_concat(a, [10000000000])",
        ],
        over="t_arr",
    ),
    function(
        "list_append",
        "lists",
        "A list with a value behind it; a NULL list is as an empty one, a NULL value is one more.",
        on(
            "list, any",
            duckdb=_appended("list_concat({0}, {1})"),
            spark=_appended("concat({0}, {1})"),
            postgres=_appended("{0} || {1}"),
            gives="{0}",
        ),
        aliases=("array_append", "array_push_back"),
        cases=["list_append(a, 9)", "list_append(tags, NULL)", "list_append(a, id)"],
        over="t_arr",
    ),
    function(
        "list_prepend",
        "lists",
        "A list with a value before it; a NULL list is as an empty one.",
        on(
            "any, list",
            duckdb=_appended("list_concat({0}, {1})", before=True),
            spark=_appended("concat({0}, {1})", before=True),
            postgres=_appended("{0} || {1}", before=True),
            gives="{1}",
        ),
        aliases=("array_prepend",),
        cases=["list_prepend(9, a)", "list_prepend('first', tags)"],
        over="t_arr",
    ),
    function(
        "array_to_string",
        "lists",
        "The elements as one text with a text between them, without NULLs; of no elements ''.",
        on(
            "list, varchar",
            duckdb=_to_text("array_to_string({0}, {1})"),
            spark=_to_text("array_join({0}, {1})"),
            postgres=_to_text("array_to_string({0}, {1})"),
            gives="varchar",
        ),
        aliases=("list_to_string",),
        cases=[
            "array_to_string(tags, ',')",
            "array_to_string(a, ', ')",
            "array_to_string(['a', NULL, '', 'b'], '-')",
            "array_to_string(tags, NULL)",
        ],
        over="t_arr",
    ),
    function(
        "list_sum",
        "lists",
        "The sum, exact for whole numbers and decimals (38 digits); without NULLs, NULL of none.",
        on("list", every=_sum, gives=None),
        aliases=("array_sum",),
        cases=["list_sum(a)", "list_sum([1.25, NULL, 2.5])", "list_sum([1e0, 2.5])"],
        over="t_arr",
    ),
    function(
        "list_avg",
        "lists",
        "The exact sum as a double by the number of elements without NULLs; NULL of none.",
        on("list", every=_average, gives="double"),
        cases=["list_avg(a)", "list_avg([1.25, NULL, 2.5])"],
        over="t_arr",
    ),
    function(
        "list_min",
        "lists",
        "The least element without NULLs, texts by code point; NaN is the greatest; NULL of none.",
        on(
            "list",
            duckdb=_least("list_min({0})"),
            spark=_least("array_min({0})"),
            postgres=_least("penstock.list_least({0})"),
            gives="{element}",
        ),
        aliases=("array_min",),
        cases=["list_min(a)", "list_min(tags)", "list_min([2.5, NULL, -1])"],
        over="t_arr",
    ),
    function(
        "list_max",
        "lists",
        "The greatest element without NULLs, texts by code point; NaN is greatest; NULL of none.",
        on(
            "list",
            duckdb=_least("list_max({0})"),
            spark=_least("array_max({0})"),
            postgres=_least("penstock.list_greatest({0})"),
            gives="{element}",
        ),
        aliases=("array_max",),
        cases=["list_max(a)", "list_max(tags)", "SELECT id, list_max([f, 2e0]) AS v FROM t_num"],
        over="t_arr",
    ),
    function(
        "list_count",
        "lists",
        "The number of elements without NULLs.",
        on(
            "list",
            duckdb="::" + _COUNT["duckdb"],
            spark="::CASE WHEN {0} IS NOT NULL THEN " + _COUNT["spark"] + " END",
            postgres=_COUNT["postgres"],
            gives="bigint",
        ),
        cases=["list_count(a)", "list_count(tags)"],
        over="t_arr",
    ),
    function(
        "list_any_value",
        "lists",
        "The first element that is not NULL.",
        on(
            "list",
            duckdb="list_any_value({0})",
            spark="get(" + _KNOWN + ", 0)",
            postgres="penstock.list_any_value({0})",
            gives="{element}",
        ),
        cases=["list_any_value(a)", "list_any_value(tags)"],
        over="t_arr",
    ),
    function(
        "list_intersect",
        "lists",
        "Each element that both lists have, once, in the order of the first list, without NULL.",
        on(
            "list, list",
            duckdb="list_filter({0}, lambda x, i: x IS NOT NULL AND list_contains({1}, x) "
            "AND list_position({0}, x) = i)",
            spark="filter(array_intersect({0}, {1}), x -> x IS NOT NULL)",
            postgres="penstock.list_intersect({0}, {1})",
            gives="{0}",
        ),
        aliases=("array_intersect",),
        cases=[
            "list_intersect(a, [2, 5, 3])",
            "list_intersect(tags, ['x'])",
            "list_intersect(a, a)",
        ],
        over="t_arr",
    ),
    function(
        "list_has_any",
        "lists",
        "Whether both lists have an element; NULLs equal nothing.",
        on(
            "list, list",
            duckdb="list_has_any({0}, {1})",
            spark="size(filter(array_intersect({0}, {1}), x -> x IS NOT NULL)) > 0",
            postgres="{0} && {1}",
            gives="boolean",
        ),
        aliases=("array_has_any",),
        cases=["list_has_any(a, [5, 9])", "list_has_any(a, a)", "list_has_any(tags, ['E', NULL])"],
        over="t_arr",
    ),
    function(
        "list_has_all",
        "lists",
        "Whether the first list has each element of the second; its NULLs are left out.",
        on(
            "list, list",
            duckdb="list_has_all({0}, {1})",
            spark="size(array_except(filter({1}, x -> x IS NOT NULL), {0})) = 0",
            postgres="penstock.list_has_all({0}, {1})",
            gives="boolean",
        ),
        aliases=("array_has_all",),
        cases=["list_has_all(a, [5, NULL])", "list_has_all(a, [3, 9])", "list_has_all(tags, tags)"],
        over="t_arr",
    ),
    function(
        "flatten",
        "lists",
        "The elements of a list's lists as one list; NULL lists are left out.",
        on(
            "list",
            duckdb="flatten({0})",
            spark="flatten(filter({0}, x -> x IS NOT NULL))",
            postgres=NO_NESTED,
        ),
        cases=["flatten([a, [id], a])", "flatten([tags, NULL])"],
        over="t_arr",
    ),
    function(
        "list_resize",
        "lists",
        "The list cut to a length, or filled up with a value (NULL if left out).",
        on(
            "list, whole, any?",
            duckdb=lambda c: f"list_resize({c.args[0]}, {c.args[1]}, {_fill(c)})",
            spark=lambda c: (
                f"CASE WHEN {c.args[0]} IS NOT NULL AND {c.args[1]} IS NOT NULL THEN concat("
                f"filter({c.args[0]}, (x, i) -> i < {c.args[1]}), "
                f"array_repeat({_fill(c)}, {_missing(c)})) END"
            ),
            postgres=lambda c: f"penstock.list_resize({c.args[0]}, {_big(c, 1)}, {_fill(c)})",
            gives="{0}",
        ),
        aliases=("array_resize",),
        cases=["list_resize(a, 2)", "list_resize(a, 4, 0)", "list_resize(tags, 0)"],
        over="t_arr",
    ),
    function(
        "list_repeat",
        "lists",
        "The elements n times over; none for n below 1. `repeat` of a list is the same.",
        _REPEAT,
        cases=["list_repeat(a, 2)", "list_repeat(tags, 0)", "list_repeat(a, -1)"],
        over="t_arr",
    ),
    *LAMBDAS,
    *SERIES,
)


def _missing(call: Call) -> str:
    """How many elements a list lacks."""
    return f"greatest(CAST({call.args[1]} AS INT) - size({call.args[0]}), 0)"


def _fill(call: Call) -> str:
    if len(call.args) > 2:
        return item(call, 0, 2)
    return call.cast("NULL", element(call.types[0]))
