"""Moments and lengths of time: intervals, seconds since 1970, buckets. Everything is in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable import intervals
from penstock.dialects.portable.calendar import MICROSECONDS
from penstock.dialects.portable.entry import Function, function, on
from penstock.dialects.portable.functions.dates import moment, spark_micros
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.written import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Overload

FAMILY = "times"
_OVER = "t_dt"
_THREE = ("d", "ts", "tz")
_LEAST, _MOST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds since 1970 of the first and the last moment of the years 1 to 9999."""

# -- intervals -----------------------------------------------------------------------------------


def no_value(call: Call) -> str:
    """Refuse an interval that stands alone."""
    raise Refusal(
        "PSK-PORT-023",
        f"`{call.name}` gives an interval, which stands beside the + or - of a date only",
        "add it to a date or timestamp, or count with date_diff('day', a, b)",
    )


def _within(case: str) -> str:
    """A case over the rows that stay within the years 1 to 9999."""
    return f"SELECT id, {case} AS v FROM t_dt WHERE id NOT IN (12, 13, 25)"


def _interval(unit: str, meaning: str, *cases: str, takes: str = "whole") -> Function:
    name = f"to_{unit}"
    return function(
        name,
        FAMILY,
        f"An interval of {meaning}: INTERVAL (n) …, to be added to a date or timestamp or taken"
        " away. NULL of NULL.",
        *(on(t.strip(), every=no_value, gives="interval") for t in takes.split("or")),
        cases=[_within(f"ts + {name}(g)"), _within(f"tz - {name}(g - 1)"), *cases],
        over=_OVER,
    )


INTERVALS = (
    _interval("microseconds", "millionths of a second"),
    _interval("milliseconds", "thousandths of a second"),
    _interval(
        "seconds",
        "seconds; a decimal is rounded to six places",
        _within("ts + to_seconds(-1.5)"),
        _within("ts + to_seconds(CAST(id AS DECIMAL(9,3)) * 0.0012345)"),
        _within("ts + INTERVAL '1.5' SECOND"),
        takes="whole or decimal",
    ),
    _interval("minutes", "minutes", _within("ts - INTERVAL (id * 90) MINUTE")),
    _interval("hours", "hours", _within("d + INTERVAL 25 HOURS"), _within("tz + INTERVAL 1 HOUR")),
    _interval(
        "days",
        "days of 24 hours",
        _within("d + INTERVAL 3 DAY"),
        _within("d - INTERVAL '3' DAY"),
        _within("INTERVAL (id) DAY + ts"),
        _within("ts + INTERVAL '-1 month 2 days 03 hours'"),
        _within("ts + INTERVAL 1 DAY * id"),
        _within("ts - (INTERVAL 1 MONTH + INTERVAL 1 DAY) * 2"),
        _within("ts - INTERVAL 1 DAY - INTERVAL '1' MONTH"),
        "ts + to_days(NULL)",
        _within("ts + to_days(CAST(3000000000 AS BIGINT))"),
        "d + INTERVAL 1 DAY",
        "d - INTERVAL 1 DAY",
    ),
    _interval("weeks", "seven days"),
    _interval(
        "months",
        "months; the day is held to the month's last: 02-29 after 01-31",
        _within("d + to_months(id)"),
        _within("d - to_months(id)"),
        _within("tz - INTERVAL (id) MONTHS"),
        _within("d + (to_months(id) + INTERVAL 1 MONTH)"),
        _within("d + to_months(1) + to_months(1)"),
    ),
    _interval("quarters", "three months"),
    _interval("years", "twelve months: 02-28 after 02-29", _within("d + INTERVAL 1 YEAR")),
    _interval("decades", "ten years"),
    _interval("centuries", "a hundred years"),
    _interval("millennia", "a thousand years", _within("ts + to_millennia(1)")),
)


# -- seconds since 1970 --------------------------------------------------------------------------


def _postgres_epoch(call: Call, factor: int) -> str:
    return f"FLOOR(EXTRACT(EPOCH FROM {call.args[0]}) * {factor})"


def _since(duckdb: str, per: int) -> Overload:
    """Whole units since 1970 of a moment."""
    each = 1_000_000 // per

    def spark(call: Call) -> str:
        micros = spark_micros(call.args[0])
        return f"(({micros} - pmod({micros}, {each})) DIV {each})" if each > 1 else micros

    return on(
        "time_like",
        duckdb=lambda call: duckdb.format(moment(call)),
        spark=spark,
        postgres=lambda call: call.cast(_postgres_epoch(call, per)),
        gives="bigint",
    )


def guarded(per: int, make: str) -> Callable[[Call], str]:
    """A moment of units since 1970; outside the years 1 to 9999 the query fails."""

    def render(call: Call) -> str:
        [value] = call.args
        low, high = _LEAST * per // 1_000_000, str(_MOST * per // 1_000_000)
        if call.types[0].startswith("decimal"):
            micros = f"CAST(CAST({value} AS DECIMAL(28, 6)) * 1000000 AS BIGINT)"
            high += ".999999"
        else:
            micros = f"(CAST({value} AS BIGINT) * {1_000_000 // per})"
        text = call.engine.failing("a moment outside the years 1 to 9999", value, call.type)
        made = make.format(micros)
        return f"(CASE WHEN {value} NOT BETWEEN {low} AND {high} THEN {text} ELSE {made} END)"

    return render


def _of_micros(takes: str, per: int, type_name: str) -> Overload:
    naive = type_name == "timestamp"
    duck = "make_timestamp({})" if naive else "make_timestamptz({})"
    spark = "timestamp_micros({})"
    at = "(TIMESTAMP '1970-01-01 00:00:00'" if naive else "(TIMESTAMPTZ '1970-01-01 00:00:00+00'"
    postgres = (
        at + " + ({0} / 1000000) * INTERVAL '1 second' + ({0} % 1000000) *"
        " INTERVAL '1 microsecond')"
    )
    if naive:
        spark = f"CAST({spark} AS TIMESTAMP_NTZ)"
    return on(
        takes,
        duckdb=guarded(per, duck),
        spark=guarded(per, spark),
        postgres=guarded(per, postgres),
        gives=type_name,
    )


_MADE = "Fails outside the years 1 to 9999; NULL of NULL."
_PARTS = "whole, whole, whole, whole, whole, exact"


def of_parts(make: str) -> Callable[[Call], str]:
    """A timestamp of its six parts, with the same ones refused by every engine."""

    def render(call: Call) -> str:
        wholes = [call.cast(arg, "integer") for arg in call.args[:5]]
        second = call.cast(call.args[5], "decimal(8,6)")
        year, _, _, hour, minute = wholes
        bad = [
            f"{year} NOT BETWEEN 1 AND 9999",
            f"{hour} NOT BETWEEN 0 AND 23",
            f"{minute} NOT BETWEEN 0 AND 59",
            f"{second} NOT BETWEEN 0 AND 59.999999",
        ]
        text = call.engine.failing("no such moment in the years 1 to 9999", year, call.type)
        made = make.format(*wholes, second)
        return f"(CASE WHEN {' OR '.join(bad)} THEN {text} ELSE {made} END)"

    return render


def _made_of_parts(type_name: str) -> Overload:
    naive = type_name == "timestamp"
    zone = "" if naive else ", 'UTC'"
    name = "make_timestamp" if naive else "make_timestamptz"
    parts = "{0}, {1}, {2}, {3}, {4}"
    spark = f"make_timestamp_ntz({parts}, {{5}})"
    return on(
        _PARTS,
        duckdb=of_parts(f"{name}({parts}, {{5}})"),
        spark=of_parts(spark if naive else f"CAST({spark} AS TIMESTAMP)"),
        postgres=of_parts(f"{name}({parts}, CAST({{5}} AS DOUBLE PRECISION){zone})"),
        gives=type_name,
    )


_EPOCH = (
    function(
        "epoch",
        FAMILY,
        "Seconds since 1970 in UTC, a double with the fraction of the second.",
        on(
            "time_like",
            # Each divides the same whole number, so that the last bit is the same.
            duckdb=lambda call: f"(epoch_us({moment(call)}) / 1000000)",
            spark=lambda call: f"({call.cast(spark_micros(call.args[0]), 'double')} / 1000000)",
            postgres="(CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS DOUBLE PRECISION) / 1000000)",
            gives="double",
        ),
        cases=[f"epoch({x})" for x in _THREE] + ["EXTRACT(epoch FROM ts)"],
        over=_OVER,
    ),
    function(
        "epoch_ms",
        FAMILY,
        "Of a moment: whole milliseconds since 1970 in UTC, rounded down also before 1970. Of a"
        f" whole number of them: the timestamp. {_MADE}",
        # DuckDB's own rounds to the nearest.
        _since("epoch_ms(date_trunc('millisecond', {}))", 1000),
        _of_micros("whole", 1000, "timestamp"),
        cases=[f"epoch_ms({x})" for x in _THREE]
        + [
            "epoch_ms(epoch_ms(ts))",
            "epoch_ms(-1)",
            "epoch_ms(1700000000123)",
            "epoch_ms(9223372036854775807)",
        ],
        over=_OVER,
    ),
    function(
        "epoch_us",
        FAMILY,
        "Microseconds since 1970 in UTC.",
        _since("epoch_us({})", 1_000_000),
        cases=[f"epoch_us({x})" for x in _THREE],
        over=_OVER,
    ),
    function(
        "to_timestamp",
        FAMILY,
        f"The moment (timestamptz) so many seconds after 1970; a decimal has fractions. {_MADE}",
        _of_micros("whole", 1, "timestamptz"),
        _of_micros("decimal", 1, "timestamptz"),
        cases=[
            "to_timestamp(id * 10000000)",
            "to_timestamp(-0.5)",
            "to_timestamp(1700000000.123456)",
            "to_timestamp(CAST(NULL AS BIGINT))",
            "to_timestamp(253402300800)",
            "to_timestamp(-62135596801)",
        ],
        over=_OVER,
    ),
    function(
        "make_timestamp",
        FAMILY,
        "A timestamp of microseconds since 1970, or of year, month, day, hour, minute and second"
        " (whole or decimal, below 60). Fails where there is no such moment and outside the years"
        " 1 to 9999; NULL if one of them is.",
        _of_micros("whole", 1_000_000, "timestamp"),
        _made_of_parts("timestamp"),
        cases=[
            "make_timestamp(epoch_us(ts))",
            "make_timestamp(1700000000123456)",
            "make_timestamp(year(d), month(d), day(d), hour(ts), id, 59.9)",
            "make_timestamp(2024, 2, 29, 23, 59, 59.999999)",
            "make_timestamp(2024, 2, NULL, 23, 59, 59)",
            "make_timestamp(2023, 2, 29, 23, 59, 59)",
            "make_timestamp(2024, 2, 29, 24, 0, 0)",
            "make_timestamp(2024, 2, 29, 23, 60, 0)",
            "make_timestamp(2024, 2, 29, 23, 59, 60)",
            "make_timestamp(2024, 2, 29, 23, 59, -1)",
            "make_timestamp(0, 2, 29, 23, 59, 1)",
            "make_timestamp(9223372036854775807)",
        ],
        over=_OVER,
    ),
    function(
        "make_timestamptz",
        FAMILY,
        "The same as `make_timestamp`, a moment in UTC.",
        _of_micros("whole", 1_000_000, "timestamptz"),
        _made_of_parts("timestamptz"),
        cases=["make_timestamptz(epoch_us(tz))", "make_timestamptz(2024, 2, 29, 23, 59, 1.5)"],
        over=_OVER,
    ),
    function(
        "julian",
        FAMILY,
        "The Julian day number, a double with the part of the day since midnight.",
        on(
            "time_like",
            duckdb=lambda call: (
                f"(epoch_us({moment(call)}) / {MICROSECONDS['day']} + CAST(2440588 AS DOUBLE))"
            ),
            spark=lambda call: (
                f"(CAST({spark_micros(call.args[0])} AS DOUBLE) / {MICROSECONDS['day']}"
                " + CAST(2440588 AS DOUBLE))"
            ),
            postgres=lambda call: (
                f"(CAST(EXTRACT(EPOCH FROM {call.args[0]}) * 1000000 AS DOUBLE PRECISION)"
                f" / {MICROSECONDS['day']}"
                " + CAST(2440588 AS DOUBLE PRECISION))"
            ),
            gives="double",
        ),
        cases=[f"julian({x})" for x in _THREE],
        over=_OVER,
    ),
)

# -- buckets -------------------------------------------------------------------------------------


def width(call: Call) -> tuple[int, int]:
    """Months and microseconds of a bucket: one of them is 0."""
    found = intervals.written(call.nodes[0])
    months = sum(s.count or 0 for s in found if s.kind == "months")
    days = sum(s.count or 0 for s in found if s.kind == "days")
    micros = days * MICROSECONDS["day"]
    micros += sum(s.count or 0 for s in found if s.kind == "microseconds")
    if (months > 0) == (micros > 0) or months < 0 or micros < 0:
        raise Refusal(
            "PSK-PORT-024",
            f"the width of `{call.name}` must be months only, or days and less, and above 0",
            "time_bucket(INTERVAL 15 MINUTE, ts)",
        )
    return months, micros


def month_origin(call: Call) -> int:
    """The number of the month at which buckets of months begin, counted from the year 0."""
    if len(call.args) < 3:
        return 2000 * 12
    node = call.nodes[2].unnest()
    inner = node.this if isinstance(node, exp.Cast) else node
    text = canonical(str(inner.this), "timestamptz") if isinstance(inner, exp.Literal) else None
    if text is None or text[7:19] != "-01 00:00:00":
        raise Refusal(
            "PSK-PORT-024",
            f"the origin of `{call.name}` by months must be written, the first of a month",
            "time_bucket(INTERVAL 3 MONTH, d, DATE '2024-02-01')",
        )
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def month_bucket(call: Call, number: str, floor: str, make: str) -> str:
    """A bucket of months: the month's number rounded down, and its first day.

    Args:
        number: the month's number of a moment, counted from the year 0.
        floor: a number less its rest, `{0}` and `{1}`.
        make: a date of a month's number.
    """
    months, _ = width(call)
    origin = month_origin(call) % months
    start = f"({floor.format(f'({number} - {origin})', months)} + {origin})"
    return held(call, make.format(start), "date")


def held(call: Call, made: str, type_name: str | None = None) -> str:
    """A bucket's start in the type of the result, which must lie in the years 1 to 9999."""
    found = call.cast(call.cast(made, type_name) if type_name else made)
    return intervals.within(call.engine, found, call.type)


def _origin(call: Call) -> str:
    # 2000-01-03 was a Monday: weeks begin on one.
    if len(call.args) > 2:
        return moment(call, 2)
    return call.cast(call.string("2000-01-03 00:00:00"), _kind(call))


def _kind(call: Call) -> str:
    return "timestamptz" if call.types[1] == "timestamptz" else "timestamp"


def _duckdb_bucket(call: Call) -> str:
    months, micros = width(call)
    at = moment(call, 1)
    if months:
        number = f"(year({at}) * 12 + month({at}) - 1)"
        floor = "({0} - ((({0} % {1}) + {1}) % {1}))"
        return month_bucket(call, number, floor, "make_date({0} // 12, {0} % 12 + 1, 1)")
    return held(
        call, f"time_bucket(INTERVAL {intervals.seconds(micros)} SECOND, {at}, {_origin(call)})"
    )


def _spark_bucket(call: Call) -> str:
    months, micros = width(call)
    at = moment(call, 1)
    if months:
        number = f"(year({at}) * 12 + month({at}) - 1)"
        return month_bucket(
            call,
            number,
            "({0} - pmod({0}, {1}))",
            "make_date(CAST({0} DIV 12 AS INT), CAST({0} % 12 + 1 AS INT), 1)",
        )
    value, origin = spark_micros(at), spark_micros(_origin(call))
    return held(call, f"timestamp_micros({value} - pmod({value} - {origin}, {micros}))")


def _postgres_bucket(call: Call) -> str:
    months, micros = width(call)
    at = moment(call, 1)
    if months:
        number = f"(CAST(EXTRACT(YEAR FROM {at}) * 12 + EXTRACT(MONTH FROM {at}) - 1 AS INTEGER))"
        floor = "({0} - ((({0} % {1}) + {1}) % {1}))"
        return month_bucket(call, number, floor, "make_date({0} / 12, {0} % 12 + 1, 1)")
    # date_bin of some releases is one bucket too early at a boundary before the origin.
    return held(call, f"penstock.bucket({at}, {micros}, {_origin(call)})")


def _later(case: str) -> str:
    return f"SELECT id, {case} AS v FROM t_dt WHERE id <> 13"


_BUCKET = function(
    "time_bucket",
    FAMILY,
    "The start of the bucket that a moment lies in, of its type. Buckets of months begin at"
    " 2000-01-01, others at Monday 2000-01-03, or at the origin that is given; they go on before"
    " it. The width must be written: months only, or days and less.",
    *(
        on(
            f"interval, {x}, {y}?",
            duckdb=_duckdb_bucket,
            spark=_spark_bucket,
            postgres=_postgres_bucket,
            gives=x,
        )
        for x, y in (("date", "naive"), ("timestamp", "naive"), ("timestamptz", "timestamptz"))
    ),
    cases=[
        _later("time_bucket(INTERVAL 15 MINUTE, ts)"),
        _later("time_bucket(INTERVAL 5 DAY, ts)"),
        _later("time_bucket(INTERVAL 1 WEEK, d)"),
        _later("time_bucket(INTERVAL '1.5' SECOND, ts)"),
        _later("time_bucket(INTERVAL 6 HOUR, tz)"),
        _later("time_bucket(INTERVAL 7 DAY, d, DATE '2024-02-29')"),
        _later("time_bucket(INTERVAL 1 DAY, ts, TIMESTAMP '2024-01-01 06:00:00')"),
        _later("time_bucket(INTERVAL 1 HOUR, tz, TIMESTAMPTZ '2024-01-01 00:30:00Z')"),
        "time_bucket(INTERVAL 1 MONTH, d)",
        _later("time_bucket(INTERVAL 5 MONTH, ts)"),
        "time_bucket(INTERVAL 1 YEAR, tz)",
        _later("time_bucket(INTERVAL 3 MONTH, d, DATE '2024-02-01')"),
    ],
    over=_OVER,
)

_DATE_ADD = function(
    "date_add",
    FAMILY,
    "A date or timestamp and an interval: the same as `+`.",
    on("time_like, interval", every=no_value, gives="timestamp"),
    cases=[_within("date_add(d, INTERVAL 1 MONTH)"), _within("date_add(tz, to_days(id))")],
    over=_OVER,
)

FUNCTIONS = (*INTERVALS, *_EPOCH, _BUCKET, _DATE_ADD)
