"""Functions of lists that take a lambda: `lambda x: …`, `lambda x, place: …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable.desugaring.building import aggregates
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

NO_FOLD = Gap("notimpl", "PSK-PORT-020", "PostgreSQL folds no list without a function of its own")


def names_of(call: Call) -> list[str]:
    """The names of a lambda's variables."""
    return [call.extra[f"v{i}"] for i in range(3) if f"v{i}" in call.extra]


def _duckdb(name: str) -> Rendering:
    return lambda c: f"{name}({c.args[0]}, lambda {', '.join(names_of(c))}: {c.extra['body']})"


def _tested(render: Rendering) -> Rendering:
    """The same for a lambda that must say true or false."""

    def made(call: Call) -> str:
        found = call.extra["gives"]
        if found not in ("boolean", "null"):
            why = f"the lambda of `{call.name}` gives {found}, not true or false"
            raise Refusal("PSK-PORT-023", why, "compare it")
        call.extra["body"] = call.cast(call.extra["body"], "boolean")
        assert callable(render)
        return render(call)

    return made


def _spark(name: str) -> Rendering:
    def render(call: Call) -> str:
        names = names_of(call)
        given = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return f"{name}({call.args[0]}, {given} -> {call.extra['body']})"

    return render


def _rows(call: Call) -> tuple[str, str]:
    """FROM with the elements and their places; the name of the place."""
    for node in call.nodes:
        if aggregates(node.this if isinstance(node, exp.Lambda) else node):
            raise Refusal(
                "PSK-PORT-020",
                f"`{call.name}` over an aggregate cannot run on PostgreSQL",
                "compute the aggregate in a subquery",
            )
    names = [*names_of(call), '"__place"'][:2]
    return f"FROM unnest({call.args[0]}) WITH ORDINALITY AS __u({', '.join(names)})", names[1]


def _transform_postgres(call: Call) -> str:
    rows, place = _rows(call)
    made = f"ARRAY(SELECT {call.extra['body']} {rows} ORDER BY {place})"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN {call.cast(made)} END"


def _filter_postgres(call: Call) -> str:
    rows, place = _rows(call)
    kept = f"ARRAY(SELECT {names_of(call)[0]} {rows} WHERE {call.extra['body']} ORDER BY {place})"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN {call.cast(kept)} END"


def _fold_duckdb(call: Call) -> str:
    start = call.cast(call.args[2])
    names = ", ".join(names_of(call))
    return f"list_reduce({call.args[0]}, lambda {names}: {body_of(call)}, {start})"


def _fold_spark(call: Call) -> str:
    start = call.cast(call.args[2])
    return f"aggregate({call.args[0]}, {start}, ({', '.join(names_of(call))}) -> {body_of(call)})"


def body_of(call: Call) -> str:
    """The body of a fold's lambda in the type of its total."""
    if len(names_of(call)) != 2:
        raise Refusal("PSK-PORT-023", "the lambda of `list_reduce` takes the total and an element")
    return call.cast(call.extra["body"])


LAMBDAS = (
    function(
        "list_transform",
        "lists",
        "What a lambda makes of each element, in their order; its second variable is the place.",
        on(
            "list, lambda",
            duckdb=_duckdb("list_transform"),
            spark=_spark("transform"),
            postgres=_transform_postgres,
            gives="{lambda}[]",
        ),
        aliases=("array_transform", "list_apply", "array_apply", "apply"),
        cases=[
            "list_transform(a, lambda x: x + 1)",
            "list_transform(a, lambda x, i: x * 10 + i)",
            "list_transform(a, lambda x: x + id)",
            "list_transform(tags, lambda x: x || '!')",
            "list_transform(a, lambda x: x IS NULL)",
            "[x + 1 for x in a if x > 1]",
            "[x for x in tags]",
        ],
        over="t_arr",
    ),
    function(
        "list_filter",
        "lists",
        "The elements for which a lambda is true, in order; its second variable is the place.",
        on(
            "list, lambda",
            duckdb=_tested(_duckdb("list_filter")),
            spark=_tested(_spark("filter")),
            postgres=_tested(_filter_postgres),
            gives="{0}",
        ),
        aliases=("array_filter", "filter"),
        cases=[
            "list_filter(a, lambda x: x > 1)",
            "list_filter(a, lambda x, i: i > 1)",
            "list_filter(tags, lambda x: x <> 'x')",
            "list_filter(a, lambda x: x > id)",
        ],
        over="t_arr",
    ),
    function(
        "list_reduce",
        "lists",
        "A total that starts with the third argument and takes in each element by a lambda.",
        on(
            "list, lambda, any",
            duckdb=_fold_duckdb,
            spark=_fold_spark,
            postgres=NO_FOLD,
            gives="{2}",
        ),
        aliases=("array_reduce", "reduce"),
        cases=[
            "list_reduce(a, lambda t, x: t + x, 0)",
            "list_reduce(tags, lambda t, x: t || x, '>')",
        ],
        over="t_arr",
    ),
)
