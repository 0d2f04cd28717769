"""Lists of whole numbers and of times at equal steps; in FROM they are rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_EXACT = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK")


def bounds(call: Call) -> tuple[str, str, str]:
    """Start, end and step as bigints."""
    args = [call.cast(a, "bigint") for a in call.args]
    if len(args) == 1:
        args = [call.cast("0", "bigint"), *args]
    return args[0], args[1], args[2] if len(args) > 2 else call.cast("1", "bigint")


def _duckdb(call: Call) -> str:
    return f"{call.name}({', '.join(bounds(call))})"


def last_of(call: Call) -> str:
    """The last number that may be in it."""
    _, end, step = bounds(call)
    return end if call.name == "generate_series" else f"({end} - CAST(SIGN({step}) AS BIGINT))"


def _spark(call: Call) -> str:
    start, _, step = bounds(call)
    last = last_of(call)
    empty = call.engine.list_of([], "bigint[]")
    forth = f"({step} > 0 AND {start} <= {last}) OR ({step} < 0 AND {start} >= {last})"
    return (
        f"CASE WHEN {start} IS NULL OR {last} IS NULL OR {step} IS NULL THEN NULL "
        f"WHEN {forth} THEN sequence({start}, {last}, {step}) ELSE {empty} END"
    )


def _postgres(call: Call) -> str:
    start, _, step = bounds(call)
    return f"penstock.series({start}, {last_of(call)}, {step})"


def step_of(call: Call) -> tuple[str, int]:
    """The step as an interval, and in months (0: it is one of seconds)."""
    node = call.nodes[2].unnest()
    number = node.this if isinstance(node, exp.Interval) else None
    unit = node.args.get("unit") if isinstance(node, exp.Interval) else None
    text = str(number.this) if isinstance(number, exp.Literal) else ""
    word = unit.name.upper().removesuffix("S") if unit is not None else ""
    if not text.isdigit() or not int(text) or word not in (*_MONTHS, *_EXACT):
        raise Refusal(
            "PSK-PORT-024",
            f"the step of `{call.name}` is an interval forward that is written in the SQL",
            "INTERVAL 1 DAY",
        )
    if word in _MONTHS:
        months = int(text) * _MONTHS[word]
        return f"INTERVAL '{months}' MONTH", months
    if word == "WEEK":
        return f"INTERVAL '{int(text) * 7}' DAY", 0
    return f"INTERVAL '{text}' {word}", 0


def moments(call: Call) -> tuple[str, str]:
    """First and last moment."""
    return call.cast(call.args[0], "timestamp"), call.cast(call.args[1], "timestamp")


def ended(call: Call, rows: str, end: str, arrow: str) -> str:
    """Without the end itself, which `range` leaves out."""
    if call.name == "generate_series":
        return rows
    return arrow.format(rows=rows, end=end)


def _times_duckdb(call: Call) -> str:
    (start, end), (step, months) = moments(call), step_of(call)
    rows = f"generate_series({start}, {end}, {step})"
    if months:
        count = f"date_diff('month', {start}, {end}) // {months} + 1"
        moved = f"{start} + to_months({months} * CAST(i AS INTEGER))"
        made = f"list_transform(range(0, {count} + 1), lambda i: {moved})"
        rows = f"list_filter({made}, lambda t: t <= {end})"
    return ended(call, rows, end, "list_filter({rows}, lambda t: t < {end})")


def _times_spark(call: Call) -> str:
    (start, end), (step, _) = moments(call), step_of(call)
    rows = (
        f"CASE WHEN {start} <= {end} THEN sequence({start}, {end}, {step}) "
        f"WHEN {start} > {end} THEN {call.engine.list_of([], 'timestamp[]')} END"
    )
    return ended(call, rows, end, "filter({rows}, t -> t < {end})")


def _times_postgres(call: Call) -> str:
    (start, end), (step, months) = moments(call), step_of(call)
    rows = f"penstock.series({start}, {end}, {step}, {months})"
    return ended(call, rows, end, "array_remove({rows}, {end})")


_WHOLE: dict[str, Rendering] = {"duckdb": _duckdb, "spark": _spark, "postgres": _postgres}
_TIMES: dict[str, Rendering] = {
    "duckdb": _times_duckdb,
    "spark": _times_spark,
    "postgres": _times_postgres,
}


SERIES = tuple(
    function(
        name,
        "lists",
        f"Whole numbers, or times, from the first to the second, {which}, one step (1) apart; none "
        "where the step leads away or is 0. With one argument from 0 on. Steps of months are "
        "counted from the first time: the 31st stays the 31st where a month has it.",
        on("whole, whole?, whole?", **_WHOLE, gives="bigint[]"),
        on("naive, naive, interval", **_TIMES, gives="timestamp[]"),
        cases=[
            f"{name}(id)",
            f"{name}(2, id)",
            f"{name}(id, -3, -2)",
            f"{name}(1, 10, id)",
            f"{name}(1, 3, 0)",
            f"{name}(NULL::INTEGER, 3)",
            f"{name}(DATE '2024-02-27', DATE '2024-03-02', INTERVAL 1 DAY)",
            f"{name}(DATE '2024-01-31', DATE '2024-05-31', INTERVAL 1 MONTH)",
            (
                f"{name}(TIMESTAMP '2024-01-01 22:30:00', TIMESTAMP '2024-01-02 01:30:00', "
                "INTERVAL 90 MINUTE)"
            ),
            f"{name}(DATE '2024-02-27', DATE '2024-01-02', INTERVAL 1 WEEK)",
        ],
        over="t_arr",
    )
    for name, which in (("range", "without the second"), ("generate_series", "both with"))
)
