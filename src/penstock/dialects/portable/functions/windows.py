"""Windows: what a row is among the rows of its partition. Each needs ORDER BY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Function

_OVER = "OVER (PARTITION BY cust ORDER BY amt, eid)"
_RANKED = "OVER (PARTITION BY g ORDER BY status{})"


def _number(call: Call, place: int, what: str, least: int) -> int:
    text = call.text(place, what)
    if not text.lstrip("-").isdigit() or int(text) < least:
        raise Refusal("PSK-PORT-024", f"{what} of `{call.name}` is a whole number from {least} on")
    return int(text)


def tiles(call: Call) -> str:
    """`ntile` with its number of groups."""
    many = _number(call, 0, "the number of groups", 1)
    return call.cast(f"ntile({many}){call.tail}")


def neighbour(call: Call) -> str:
    """Lag and lead where IGNORE NULLS stands behind the parenthesis."""
    return f"{call.name}({_neighbour_args(call)}){_ignore(call)}{call.tail}"


def _neighbour_in(call: Call) -> str:
    """… where it stands inside."""
    return f"{call.name}({_neighbour_args(call)}{_ignore(call)}){call.tail}"


def _neighbour_args(call: Call) -> str:
    rows = _number(call, 1, "the number of rows", 0) if len(call.args) > 1 else 1
    default = f", {call.cast(call.args[2])}" if len(call.args) > 2 else ""
    return f"{call.args[0]}, {rows}{default}"


def _ignore(call: Call) -> str:
    return " IGNORE NULLS" if call.nulls == "IGNORE" else ""


def _neighbour_postgres(call: Call) -> str:
    if call.nulls != "IGNORE":
        return f"{call.name}({_neighbour_args(call)}){call.tail}"
    rows = _number(call, 1, "the number of rows", 0) if len(call.args) > 1 else 1
    if rows != 1:
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` with IGNORE NULLS goes one row on PostgreSQL, not {rows}",
        )
    before = call.name == "lag"
    frame = (
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        if before
        else "ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING"
    )
    over = str(call.over)[:-1] + f" {frame})"
    helper = "last_known" if before else "first_known"
    made = f"penstock.{helper}({call.args[0]}) OVER {over}"
    if len(call.args) > 2:
        made = f"COALESCE({made}, {call.cast(call.args[2])})"
    return made


def value_of_frame(call: Call) -> str:
    """A value of the frame; IGNORE NULLS stands behind the parenthesis."""
    return f"{call.name}({_value_args(call)}){_ignore(call)}{call.tail}"


def _value_in(call: Call) -> str:
    return f"{call.name}({_value_args(call)}{_ignore(call)}){call.tail}"


def _value_args(call: Call) -> str:
    if call.name != "nth_value":
        return call.args[0]
    return f"{call.args[0]}, {_number(call, 1, 'the number', 1)}"


def _value_postgres(call: Call) -> str:
    if call.nulls != "IGNORE":
        return f"{call.name}({_value_args(call)}){call.tail}"
    if call.name == "nth_value":
        number = _number(call, 1, "the number", 1)
        known = f"array_agg({call.args[0]}) FILTER (WHERE {call.args[0]} IS NOT NULL)"
        return f"({known}{call.tail})[{number}]"
    helper = {"first_value": "first_known", "last_value": "last_known"}[call.name]
    return f"penstock.{helper}({call.args[0]}){call.tail}"


def _rank(name: str, meaning: str, *, whole: bool = True) -> Function:
    made = f"::{name}(){{tail}}" if whole else f"{name}(){{tail}}"
    return function(
        name,
        "windows",
        meaning,
        on("", every=made, gives="bigint" if whole else "double"),
        kind="window",
        ordered=True,
        framed=False,
        cases=[
            f"{name}() {_RANKED.format(', eid' if name == 'row_number' else '')}",
            f"{name}() OVER (ORDER BY cust NULLS FIRST, amt DESC, eid)",
        ],
        over="t_evt",
    )


FUNCTIONS = (
    _rank(
        "row_number", "The row's number from 1 on. Rows that tie in the order are numbered freely."
    ),
    _rank(
        "rank", "One more than the rows before the row's first peer: ties share it and leave gaps."
    ),
    _rank("dense_rank", "The number of different keys up to the row's: ties share it, no gaps."),
    _rank("percent_rank", "(rank - 1) / (rows - 1) as a double; 0 for a single row.", whole=False),
    _rank("cume_dist", "The share of rows up to the row's last peer, as a double.", whole=False),
    function(
        "ntile",
        "windows",
        "The row's group of n groups of equal size, the first ones larger by a row; n from 1 on.",
        on("whole", every=tiles, gives="bigint"),
        kind="window",
        ordered=True,
        framed=False,
        cases=["ntile(3) OVER (PARTITION BY g ORDER BY eid)", "ntile(100) OVER (ORDER BY eid)"],
        over="t_evt",
    ),
    *(
        function(
            name,
            "windows",
            f"The value n rows {where}, 1 if n is left out; the default (or NULL) where there is "
            "no such row. IGNORE NULLS passes over rows whose value is NULL.",
            on(
                "any, whole?, any?",
                duckdb=_neighbour_in,
                spark=neighbour,
                postgres=_neighbour_postgres,
                gives="{0}",
            ),
            kind="window",
            ordered=True,
            framed=False,
            cases=[
                f"{name}(amt) {_OVER}",
                f"{name}(status, 2) {_OVER}",
                f"{name}(amt, 1, 0) OVER (ORDER BY eid)",
                f"{name}(status, 1, '-') OVER (ORDER BY eid DESC)",
                f"{name}(amt, 0) OVER (ORDER BY eid)",
                f"{name}(status IGNORE NULLS) OVER (ORDER BY eid)",
                f"{name}(amt, 1, 0 IGNORE NULLS) OVER (PARTITION BY g ORDER BY eid)",
                f"{name}(amt IGNORE NULLS) OVER (ORDER BY eid)",
            ],
            over="t_evt",
        )
        for name, where in (("lag", "before"), ("lead", "after"))
    ),
    *(
        function(
            name,
            "windows",
            f"The value of the {which} row of the frame; with IGNORE NULLS of the {which} whose "
            "value is not NULL. Without a frame the frame ends with the row and its peers.",
            on(
                "any",
                duckdb=_value_in,
                spark=value_of_frame,
                postgres=_value_postgres,
                gives="{0}",
            ),
            kind="window",
            ordered=True,
            cases=[
                f"{name}(amt) {_OVER}",
                f"{name}(status) OVER (PARTITION BY g ORDER BY eid)",
                f"{name}(status IGNORE NULLS) OVER (ORDER BY eid)",
                (
                    f"{name}(amt IGNORE NULLS) OVER (PARTITION BY g ORDER BY eid "
                    "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)"
                ),
                (
                    f"{name}(amt) OVER (ORDER BY eid ROWS BETWEEN UNBOUNDED PRECEDING AND "
                    "UNBOUNDED FOLLOWING)"
                ),
                f"{name}(status) OVER (ORDER BY eid ROWS BETWEEN 3 FOLLOWING AND 5 FOLLOWING)",
            ],
            over="t_evt",
        )
        for name, which in (("first_value", "first"), ("last_value", "last"))
    ),
    function(
        "nth_value",
        "windows",
        "The value of the n-th row of the frame, n from 1 on; NULL where the frame is shorter.",
        on(
            "any, whole",
            duckdb=_value_in,
            spark=value_of_frame,
            postgres=_value_postgres,
            gives="{0}",
        ),
        kind="window",
        ordered=True,
        cases=[
            f"nth_value(amt, 2) {_OVER}",
            "nth_value(status, 2) OVER (ORDER BY eid)",
            (
                "nth_value(status, 2 IGNORE NULLS) OVER (ORDER BY eid ROWS BETWEEN 2 PRECEDING AND "
                "2 FOLLOWING)"
            ),
            (
                "nth_value(amt, 1) OVER (PARTITION BY g ORDER BY eid ROWS BETWEEN CURRENT ROW AND "
                "UNBOUNDED FOLLOWING)"
            ),
        ],
        over="t_evt",
    ),
)
