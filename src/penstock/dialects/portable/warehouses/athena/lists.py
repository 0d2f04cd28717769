"""Lists, their lambdas and maps on Athena: https://trino.io/docs/406/functions/array.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import types
from penstock.dialects.portable.families import element, name_of
from penstock.dialects.portable.functions import series
from penstock.dialects.portable.functions.lambdas import body_of, names_of
from penstock.dialects.portable.functions.lists_renderings import (
    appended,
    big,
    containing,
    item,
    joined,
    numbers_type,
    ordered,
    position,
    to_text,
)
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.athena.binding import once, repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_KNOWN = "filter({0}, x__ -> x__ IS NOT NULL)"
_COUNT = f"cardinality({_KNOWN})"


def _extract(call: Call) -> str:
    """Its own fails at 0."""
    rows = call.args[0]
    return f"element_at({rows}, NULLIF({big(call, 1)}, 0))"


def _slice(call: Call) -> str:
    """Its own is NULL or fails where a bound lies outside."""
    low, high = big(call, 1), big(call, 2)
    first = f"greatest(CASE WHEN {low} < 0 THEN cardinality({{x}}) + 1 + {low} ELSE {low} END, 1)"
    last = f"least(CASE WHEN {high} < 0 THEN cardinality({{x}}) + 1 + {high} ELSE {high} END,"
    last += " cardinality({x}))"
    known = f"{low} IS NOT NULL AND {high} IS NOT NULL"
    return once(
        call,
        f"CASE WHEN {known} THEN slice({{x}}, {first}, greatest({last} - {first} + 1, 0)) END",
    )


def _transform(call: Call) -> str:
    names = names_of(call)
    body = call.extra["body"]
    if len(names) == 1:
        return f"transform({call.args[0]}, {names[0]} -> {body})"
    # It has no places: the list is joined with its own.
    return f"zip_with({call.args[0]}, {_places(call)}, ({', '.join(names)}) -> {body})"


def _places(call: Call) -> str:
    count = f"cardinality({call.args[0]})"
    none = "CAST(ARRAY[] AS ARRAY(BIGINT))"
    return f"IF({count} = 0, {none}, sequence(BIGINT '1', greatest({count}, 1)))"


def _filter(call: Call) -> str:
    names = names_of(call)
    if len(names) == 1:
        return f"filter({call.args[0]}, {names[0]} -> {call.extra['body']})"
    pairs = f"zip_with({call.args[0]}, {_places(call)}, ({', '.join(names)}) -> "
    kind = call.engine.type_name(element(call.type))
    pair = f"CAST(ROW({names[0]}, {call.extra['body']}) AS ROW(v {kind}, k BOOLEAN))"
    kept = f"filter({pairs}{pair}), p__ -> p__.k)"
    return f"transform({kept}, p__ -> p__.v)"


def _fold(call: Call) -> str:
    start = call.cast(call.args[2])
    names = names_of(call)
    return (
        f"reduce({call.args[0]}, {start}, ({', '.join(names)}) -> {body_of(call)},"
        f" {names[0]} -> {names[0]})"
    )


def _sorting(*, down: bool = False) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        rows = ordered(call)
        words = [call.text(i, "the order").upper() for i in range(1, len(call.args))]
        known = {"ASC", "DESC"}, {"NULLS FIRST", "NULLS LAST"}
        words = ["DESC", *words] if down else words
        for word, allowed in zip(words, known, strict=False):
            if word not in allowed:
                raise Refusal("PSK-PORT-024", f"`{call.name}`: {word} is none of {sorted(allowed)}")
        descending, first = words[:1] == ["DESC"], words[1:2] == ["NULLS FIRST"]
        made = f"array_sort({rows})"  # NULL last, NaN the greatest
        if descending and first:
            return f"reverse({made})"
        if not descending and not first:
            return made
        values = f"array_sort({_KNOWN.format(rows)})"
        values = f"reverse({values})" if descending else values
        nulls = f"filter({rows}, x__ -> x__ IS NULL)"
        return f"({nulls} || {values})" if first else f"({values} || {nulls})"

    return render


def _extreme(place: int) -> Callable[[Call], str]:
    return lambda call: f"element_at(array_sort({_KNOWN.format(ordered(call))}), {place})"


def _total(call: Call) -> str:
    kind = numbers_type(call)
    own = call.engine.type_name(kind)
    known = _KNOWN.format(call.args[0])
    add = f"(t__, x__) -> CAST(t__ + x__ AS {own})"
    made = f"reduce({known}, CAST(0 AS {own}), {add}, t__ -> t__)"
    return call.cast(f"CASE WHEN cardinality({known}) > 0 THEN {made} END", kind)


def _average(call: Call) -> str:
    count = f"CAST({_COUNT.format(call.args[0])} AS DOUBLE)"
    return f"{call.cast(_total(call), 'double')} / NULLIF({count}, 0)"


def _repeat(call: Call) -> str:
    rows, times = call.args[0], f"greatest({call.cast(call.args[1], 'integer')}, 0)"
    return f"CASE WHEN {rows} IS NOT NULL THEN flatten(repeat({rows}, {times})) END"


def _resize(call: Call) -> str:
    rows, size = call.args[0], f"greatest({call.cast(call.args[1], 'integer')}, 0)"
    fill = item(call, 0, 2) if len(call.args) > 2 else call.cast("NULL", element(call.types[0]))
    more = f"repeat({fill}, CAST(greatest({size} - cardinality({rows}), 0) AS INTEGER))"
    return (
        f"CASE WHEN {rows} IS NOT NULL AND {call.args[1]} IS NOT NULL"
        f" THEN slice({rows}, 1, {size}) || {more} END"
    )


def _value(call: Call) -> str:
    kind = element(call.type)
    items = [
        a if t == kind else call.cast(a, kind) for a, t in zip(call.args, call.types, strict=True)
    ]
    return call.engine.list_of(items, call.type)


def _series(call: Call) -> str:
    """Its own fails where the step leads away, and beyond 10000 entries."""
    start, _, step = series.bounds(call)
    last = series.last_of(call)
    empty = call.engine.list_of([], "bigint[]")
    forth = f"({step} > 0 AND {start} <= {last}) OR ({step} < 0 AND {start} >= {last})"
    return (
        f"CASE WHEN {start} IS NULL OR {last} IS NULL OR {step} IS NULL THEN NULL "
        f"WHEN {forth} THEN sequence({start}, {last}, {step}) ELSE {empty} END"
    )


def _times(call: Call) -> str:
    (start, end), (step, _) = series.moments(call), series.step_of(call)
    rows = (
        f"CASE WHEN {start} <= {end} THEN sequence({start}, {end}, {step}) "
        f"WHEN {start} > {end} THEN {call.engine.list_of([], 'timestamp[]')} END"
    )
    return series.ended(call, rows, end, "filter({rows}, t__ -> t__ < {end})")


def _key(call: Call) -> str:
    wanted = str(types.parse(call.types[0]).fields[0][1])
    return call.args[1] if call.types[1] == wanted else call.cast(call.args[1], wanted)


def _value_of(call: Call) -> str:
    return f"element_at({call.args[0]}, {_key(call)})"


def _has_key(call: Call) -> str:
    return f"contains(map_keys({call.args[0]}), {_key(call)})"


def _inside(call: Call) -> str:
    """Whether a value is in a list; NaN is itself."""
    kind = name_of(element(call.types[0]))
    found = "contains({0}, {1})"
    if kind == "double":
        found = "any_match({0}, x__ -> x__ IS NOT NULL AND x__ IS NOT DISTINCT FROM {1})"
    return containing(found)(call)


_LIST = "list"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "array_length": {_LIST: "cardinality({0})"},
    "length": {_LIST: "cardinality({0})"},
    "list_value": {"any, any… | any": _value},
    "list_extract": {"list, whole": _extract, "map, scalar": _value_of},
    "list_slice": {"list, whole, whole": _slice},
    "list_transform": {"list, lambda": _transform},
    "list_filter": {"list, lambda": _filter},
    "list_reduce": {"list, lambda, any": _fold},
    "list_sort": {"list, varchar?, varchar?": _sorting()},
    "list_reverse_sort": {"list, varchar?": _sorting(down=True)},
    "list_reverse": {_LIST: "reverse({0})"},
    "list_distinct": {_LIST: f"array_distinct({_KNOWN})"},
    "list_unique": {_LIST: f"cardinality(array_distinct({_KNOWN}))"},
    "list_count": {_LIST: _COUNT},
    "list_any_value": {_LIST: f"element_at({_KNOWN}, 1)"},
    "list_append": {"list, any": appended("({} || {})")},
    "list_prepend": {"any, list": appended("({} || {})", before=True)},
    "list_concat": {"list, list, list… | list, list": joined("concat({})")},
    "list_contains": {"list, scalar": _inside},
    "contains": {"list, scalar": _inside},
    "list_position": {"list, scalar": position("NULLIF(array_position({0}, {1}), 0)")},
    "list_has_any": {
        "list, list": f"cardinality(array_intersect({_KNOWN}, {_KNOWN.replace('{0}', '{1}')})) > 0"
    },
    "list_has_all": {
        "list, list": f"cardinality(array_except({_KNOWN.replace('{0}', '{1}')}, {{0}})) = 0"
    },
    "list_intersect": {
        "list, list": repeated(
            "array_distinct(filter({x}, e__ -> e__ IS NOT NULL AND contains({1}, e__)))"
        )
    },
    "list_min": {_LIST: _extreme(1)},
    "list_max": {_LIST: _extreme(-1)},
    "list_sum": {_LIST: _total},
    "list_avg": {_LIST: _average},
    "list_repeat": {"list, whole": _repeat},
    "repeat": {"list, whole": _repeat},
    "list_resize": {"list, whole, any?": _resize},
    "array_to_string": {"list, varchar": to_text("array_join({0}, {1})")},
    "flatten": {_LIST: f"flatten({_KNOWN})"},
    "range": {"whole, whole?, whole?": _series, "naive, naive, interval": _times},
    "generate_series": {"whole, whole?, whole?": _series, "naive, naive, interval": _times},
    # https://trino.io/docs/406/functions/map.html
    "element_at": {"map, scalar": _value_of},
    "map_contains": {"map, scalar": _has_key},
    "map_keys": {"map": "map_keys({0})"},
    "map_values": {"map": "map_values({0})"},
    "cardinality": {"map": "cardinality({0})"},
}
