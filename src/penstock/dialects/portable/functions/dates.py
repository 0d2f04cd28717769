"""Dates: parts of them, the start of a period, differences. A timestamptz is looked at in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.calendar import MICROSECONDS, MONTHS, unit
from penstock.dialects.portable.entry import Function, function, on
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

FAMILY = "dates"
_DAY = MICROSECONDS["day"]
_OVER = "t_dt"
_THREE = ("d", "ts", "tz")


def moment(call: Call, number: int = 0) -> str:
    """An argument as a timestamp (a timestamptz stays one)."""
    if call.types[number] in ("date", "null"):
        return call.cast(call.args[number], "timestamp")
    return call.args[number]


def _clock(call: Call, number: int) -> str:
    """An argument as a timestamp in UTC, in DuckDB's and PostgreSQL's SQL.

    What DuckDB does with a timestamptz rounds to milliseconds on the way.
    """
    if call.types[number] == "timestamptz":
        return f"({call.args[number]} AT TIME ZONE 'UTC')"
    return moment(call, number)


def spark_micros(sql: str) -> str:
    """Microseconds since 1970 in Spark's SQL."""
    return f"unix_micros(CAST({sql} AS TIMESTAMP))"


# -- parts ---------------------------------------------------------------------------------------

_YEARS = {"decade": (0, 10), "century": (99, 100), "millennium": (999, 1000)}


def spark_part(part: str, sql: str) -> str:
    """A part of a timestamp in Spark's SQL.

    https://spark.apache.org/docs/3.5.6/api/sql/index.html
    """
    if part in _YEARS:
        more, many = _YEARS[part]
        return f"((year({sql}) + {more}) DIV {many})"
    if part in ("millisecond", "microsecond"):
        return f"EXTRACT(SECOND FROM {sql}) * {1_000_000 // MICROSECONDS[part]}"
    templates = {
        "dayofweek": "dayofweek({0}) - 1",
        "isodow": "weekday({0}) + 1",
        "week": "weekofyear({0})",
        "isoyear": "EXTRACT(YEAROFWEEK FROM {0})",
        "yearweek": "EXTRACT(YEAROFWEEK FROM {0}) * 100 + weekofyear({0})",
        "era": "CASE WHEN {0} IS NOT NULL THEN 1 END",
    }
    return templates.get(part, f"{part}({{0}})").format(sql)


def postgres_part(part: str, sql: str) -> str:
    """A part of a timestamp in PostgreSQL's SQL, not cut to a whole number.

    https://www.postgresql.org/docs/16/functions-datetime.html
    """
    if part == "yearweek":
        return f"EXTRACT(ISOYEAR FROM {sql}) * 100 + EXTRACT(WEEK FROM {sql})"
    if part == "era":
        return f"CASE WHEN {sql} IS NOT NULL THEN 1 END"
    words = {
        "dayofweek": "DOW",
        "dayofyear": "DOY",
        "millisecond": "MILLISECONDS",
        "microsecond": "MICROSECONDS",
    }
    found = f"EXTRACT({words.get(part, part.upper())} FROM {sql})"
    return f"FLOOR({found})" if part in ("second", "millisecond") else found


def _part(name: str, meaning: str, aliases: str = "", *cases: str) -> Function:
    def spark(call: Call) -> str:
        return call.cast(spark_part(name, moment(call)))

    def postgres(call: Call) -> str:
        return call.cast(postgres_part(name, moment(call)))

    return function(
        name,
        FAMILY,
        f"{meaning} NULL of NULL.",
        on(
            "time_like",
            duckdb=lambda call: f"{name}({moment(call)})",
            spark=spark,
            postgres=postgres,
            gives="bigint",
        ),
        aliases=aliases.split(),
        cases=[f"{name}({x})" for x in _THREE] + list(cases),
        over=_OVER,
    )


PARTS = (
    _part("year", "The year.", "", "EXTRACT(year FROM d)"),
    _part("month", "The month, 1 to 12.", "", "(month(d) = 2 AND day(last_day(d)) = 29)"),
    _part("day", "The day of the month, 1 to 31.", "dayofmonth"),
    _part("decade", "The year without its last digit: 196 for 1969."),
    _part("century", "The century: the 20th ends with the year 2000."),
    _part("millennium", "The millennium: the 2nd ends with the year 2000."),
    _part("quarter", "The quarter, 1 to 4."),
    _part("week", "The ISO week, 1 to 53: weeks begin on Monday.", "weekofyear"),
    _part("isoyear", "The year that the ISO week belongs to."),
    _part("yearweek", "ISO year and ISO week: 202053 for 2021-01-03."),
    _part("dayofweek", "The day of the week, Sunday is 0.", "weekday"),
    _part("isodow", "The day of the week, Monday is 1 and Sunday is 7."),
    _part("dayofyear", "The day of the year, 1 to 366."),
    _part("era", "1: the years of the portable language are 1 to 9999."),
    _part("hour", "The hour, 0 to 23; of a date 0.", "", "EXTRACT(hour FROM ts)"),
    _part("minute", "The minute, 0 to 59; of a date 0."),
    _part("second", "The whole second, 0 to 59; of a date 0."),
    _part("millisecond", "Seconds and their thousandths, 0 to 59999; what is finer is cut."),
    _part("microsecond", "Seconds and their millionths, 0 to 59999999."),
)


def no_part(call: Call) -> str:
    """Refuse what is no part of a date."""
    word = call.text(0, "the part")
    raise Refusal(
        "PSK-PORT-024",
        f"there is no part `{word}` of a date in the portable language",
        f"it has {', '.join(f.name for f in PARTS)}, epoch, julian",
    )


_DATE_PART = function(
    "date_part",
    FAMILY,
    "A part of a date by its name, which must be written in the SQL: the function of that name.",
    on("varchar, time_like", every=no_part, gives="bigint"),
    aliases=["datepart"],
    cases=["date_part('year', d)", "datepart('Dow', ts)", "date_part('epoch', tz)"],
    over=_OVER,
)

# -- the start of a period -----------------------------------------------------------------------

TRUNCATED = (*MONTHS, *MICROSECONDS, "isoyear", "yearweek")
_WEEKS = ("week", "yearweek")


def truncated(call: Call) -> str:
    """The unit that `date_trunc` cuts at."""
    found = unit(call.text(0, "the unit"), TRUNCATED, call.name)
    return "week" if found in _WEEKS else found


def years_start(word: str, year: str) -> str:
    """The first year of the decade, century or millennium that a year belongs to."""
    if word == "decade":
        return f"(CASE WHEN {year} < 10 THEN 1 ELSE {year} - {year} % 10 END)"
    many = _YEARS[word][1]
    return f"(({year} - 1) - ({year} - 1) % {many} + 1)"


def _duckdb_trunc(call: Call) -> str:
    word, at = truncated(call), moment(call, 1)
    if word in _YEARS:
        # DuckDB begins a century with the year 2000, though its century() does not.
        start = f"make_date({years_start(word, f'year({at})')}, 1, 1)"
        return call.cast(call.cast(start, "timestamp"))
    return f"date_trunc({call.string(word)}, {at})"


def _spark_trunc(call: Call) -> str:
    word, at = truncated(call), moment(call, 1)
    if word in _YEARS:
        return call.cast(f"make_date({years_start(word, f'year({at})')}, 1, 1)")
    if word == "isoyear":
        fourth = f"make_date(CAST(EXTRACT(YEAROFWEEK FROM {at}) AS INT), 1, 4)"
        return call.cast(f"date_trunc('WEEK', {fourth})")
    return call.cast(f"date_trunc({call.string(word.upper())}, {at})")


def _postgres_trunc(call: Call) -> str:
    word, at = truncated(call), moment(call, 1)
    if word == "isoyear":
        year = f"CAST(EXTRACT(ISOYEAR FROM {at}) AS INTEGER)"
        return call.cast(f"date_trunc('week', CAST(make_date({year}, 1, 4) AS TIMESTAMP))")
    zone = ", 'UTC'" if call.types[1] == "timestamptz" else ""
    if word == "decade":
        year = f"CAST(EXTRACT(YEAR FROM {at}) AS INTEGER)"
        return call.cast(f"make_date({years_start(word, year)}, 1, 1)")
    return f"date_trunc({call.string(word)}, {at}{zone})"


_DATE_TRUNC = function(
    "date_trunc",
    FAMILY,
    "The start of the period that a moment lies in: a timestamp, also of a date. Weeks and ISO"
    " years begin on Monday; the century of 2000 began in 1901, the first decade in the year 1."
    " Before 1970 too it is the start, never the next one. The unit must be written in the SQL.",
    *(
        on(
            f"varchar, {taken}",
            duckdb=_duckdb_trunc,
            spark=_spark_trunc,
            postgres=_postgres_trunc,
            gives=given,
        )
        for taken, given in (("naive", "timestamp"), ("timestamptz", "timestamptz"))
    ),
    aliases=["datetrunc"],
    cases=[
        *(f"date_trunc('{u}', ts)" for u in TRUNCATED),
        *(f"date_trunc('{u}', d)" for u in ("week", "month", "quarter", "isoyear", "hour")),
        *(f"date_trunc('{u}', tz)" for u in ("second", "day", "week", "year")),
        "SELECT id, date_trunc('century', tz) AS v FROM t_dt WHERE id <> 13",
        "date_trunc('decade', tz)",
    ],
    over=_OVER,
)

# -- differences ---------------------------------------------------------------------------------


def boundaries(call: Call) -> str:
    """The unit whose boundaries `date_diff` counts."""
    found = unit(call.text(0, "the unit"), TRUNCATED, call.name)
    return "week" if found in _WEEKS else found


def _month_number(word: str, year: str, month: str) -> str:
    """The number of a period of months, counted from the year 0."""
    if word == "month":
        return f"{year} * 12 + {month}"
    if word == "quarter":
        return f"{year} * 4 + ({month} - 1) / 3"
    return year


def _duckdb_diff(call: Call) -> str:
    word, a, b = boundaries(call), _clock(call, 1), _clock(call, 2)
    if word == "week":
        # DuckDB's own counts full weeks since 1970, which began on a Thursday.
        return f"(date_diff('day', date_trunc('week', {a}), date_trunc('week', {b})) // 7)"
    if word in _YEARS or word == "isoyear":
        return f"({word}({b}) - {word}({a}))"
    return f"date_diff({call.string(word)}, {a}, {b})"


def _spark_diff(call: Call) -> str:
    word, a, b = boundaries(call), moment(call, 1), moment(call, 2)
    if word in ("month", "quarter"):
        many = 12 if word == "month" else 4
        made = f"(year({b}) - year({a})) * {many} + {word}({b}) - {word}({a})"
    elif word in MONTHS or word == "isoyear":
        made = f"{spark_part(word, b)} - {spark_part(word, a)}"
    elif word == "day":
        made = f"datediff({b}, {a})"
    elif word == "week":
        made = f"datediff(date_trunc('WEEK', {b}), date_trunc('WEEK', {a})) DIV 7"
    else:
        x, y, each = spark_micros(a), spark_micros(b), MICROSECONDS[word]
        made = f"(({y} - pmod({y}, {each})) - ({x} - pmod({x}, {each}))) DIV {each}"
    return call.cast(made)


def _postgres_diff(call: Call) -> str:
    word, a, b = boundaries(call), moment(call, 1), moment(call, 2)
    if word in ("month", "quarter"):
        many = 12 if word == "month" else 4
        year = f"(EXTRACT(YEAR FROM {b}) - EXTRACT(YEAR FROM {a})) * {many}"
        made = f"{year} + EXTRACT({word} FROM {b}) - EXTRACT({word} FROM {a})"
    elif word in MONTHS or word == "isoyear":
        made = f"{postgres_part(word, b)} - {postgres_part(word, a)}"
    elif word == "week":
        x, y = (f"CAST(date_trunc('week', {s}) AS DATE)" for s in (a, b))
        made = f"({y} - {x}) / 7"
    elif word == "day":
        made = f"CAST({b} AS DATE) - CAST({a} AS DATE)"
    else:
        scale = MICROSECONDS[word] / 1_000_000
        factor = f"* {round(1 / scale)}" if scale < 1 else f"/ {round(scale)}"
        x, y = (f"FLOOR(EXTRACT(EPOCH FROM {s}) {factor})" for s in (a, b))
        made = f"{y} - {x}"
    return call.cast(made)


_PAIRS = (
    "date_diff('{u}', ts, TIMESTAMP '2024-01-01 00:00:00')",
    "date_diff('{u}', DATE '1970-01-01', ts)",
)
_DATE_DIFF = function(
    "date_diff",
    FAMILY,
    "How many boundaries of a unit lie between two moments, negative if the second is earlier:"
    " 1 year from 2023-12-31 to 2024-01-01. Weeks begin on Monday. The unit must be written in"
    " the SQL.",
    *(
        on(
            f"varchar, {taken}, {taken}",
            duckdb=_duckdb_diff,
            spark=_spark_diff,
            postgres=_postgres_diff,
            gives="bigint",
        )
        for taken in ("naive", "timestamptz")
    ),
    aliases=["datediff"],
    cases=[
        *(pair.format(u=u) for u in TRUNCATED for pair in _PAIRS),
        *(f"date_diff('{u}', d, DATE '2024-01-29')" for u in ("day", "week", "month", "hour")),
        *(f"date_diff('{u}', tz, TIMESTAMPTZ '2024-01-01 00:00:00Z')" for u in ("day", "hour")),
        "date_diff('day', d, ts)",
    ],
    over=_OVER,
)


def whole_units(call: Call) -> tuple[str, int]:
    """Kind and size of the unit: months or microseconds."""
    found = unit(call.text(0, "the unit"), TRUNCATED, call.name)
    if found in MONTHS:
        return "months", MONTHS[found]
    if found == "isoyear":
        raise Refusal("PSK-PORT-024", f"`{call.name}` has no unit `isoyear`", "use year")
    return "microseconds", MICROSECONDS["week" if found in _WEEKS else found]


def _duckdb_sub(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = _clock(call, 1), _clock(call, 2)
    if kind == "months":
        made = f"date_sub('month', {a}, {b})"
    else:
        made = f"date_sub('microsecond', {a}, {b})"
    return f"({made} // {each})" if each > 1 else made


def _spark_sub(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = moment(call, 1), moment(call, 2)
    if kind == "microseconds":
        return f"(({spark_micros(b)} - {spark_micros(a)}) DIV {each})"
    low, high = f"least({a}, {b})", f"greatest({a}, {b})"
    months = f"((year({high}) - year({low})) * 12 + month({high}) - month({low}))"
    late = f"{low} + {months} * INTERVAL '1' MONTH > {high}"
    elapsed = f"({months} - CASE WHEN {late} THEN 1 ELSE 0 END)"
    sign = f"CASE WHEN {a} > {b} THEN -1 WHEN {a} <= {b} THEN 1 END"
    return call.cast(f"{sign} * ({elapsed} DIV {each})")


def _postgres_sub(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = _clock(call, 1), _clock(call, 2)
    if kind == "microseconds":
        made = f"(EXTRACT(EPOCH FROM {b}) - EXTRACT(EPOCH FROM {a})) * 1000000"
        return call.cast(f"TRUNC({made} / {each})" if each > 1 else made)
    return f"(penstock.months_elapsed({a}, {b}) / {each})"


_DATE_SUB = function(
    "date_sub",
    FAMILY,
    "How many whole units have passed between two moments, negative if the second is earlier:"
    " 0 years from 2023-12-31 to 2024-01-01, 1 month from 01-31 to 02-29. The unit must be"
    " written in the SQL.",
    *(
        on(
            f"varchar, {taken}, {taken}",
            duckdb=_duckdb_sub,
            spark=_spark_sub,
            postgres=_postgres_sub,
            gives="bigint",
        )
        for taken in ("naive", "timestamptz")
    ),
    aliases=["datesub"],
    cases=[
        *(
            f"date_sub('{u}', {x}, {y})"
            for u in ("month", "quarter", "year", "century", "week", "day", "hour", "millisecond")
            for x, y in (
                ("ts", "TIMESTAMP '2024-02-29 10:00:00'"),
                ("TIMESTAMP '1969-12-31 23:59:59.6'", "ts"),
            )
        ),
        "date_sub('month', d, DATE '2024-02-29')",
        "date_sub('month', DATE '2024-02-29', d)",
        "date_sub('year', DATE '2024-02-29', d)",
        "date_sub('month', tz, TIMESTAMPTZ '2024-03-10 07:00:00Z')",
        "date_sub('year', date_trunc('year', tz), tz)",
        "date_sub('microsecond', tz, TIMESTAMPTZ '2024-03-10 07:00:00Z')",
    ],
    over=_OVER,
)

# -- names and whole dates -----------------------------------------------------------------------


def _made(call: Call) -> str:
    year, month, day = (call.cast(arg, "integer") for arg in call.args)
    fail = call.engine.failing("a date needs a year from 1 to 9999", call.args[0], "date")
    made = f"make_date({year}, {month}, {day})"
    return f"(CASE WHEN {call.args[0]} NOT BETWEEN 1 AND 9999 THEN {fail} ELSE {made} END)"


_REST = (
    function(
        "last_day",
        FAMILY,
        "The last day of the month, a date.",
        on(
            "time_like",
            duckdb="last_day({0})",
            spark="last_day({0})",
            postgres=lambda call: call.cast(
                f"date_trunc('month', {moment(call)}) + INTERVAL '1 month' - INTERVAL '1 day'"
            ),
            gives="date",
        ),
        cases=[f"last_day({x})" for x in _THREE],
        over=_OVER,
    ),
    function(
        "dayname",
        FAMILY,
        "The English name of the weekday: `Monday`.",
        on(
            "time_like",
            duckdb="dayname({0})",
            spark=lambda call: f"date_format({moment(call)}, 'EEEE')",
            postgres=lambda call: f"to_char({moment(call)}, 'FMDay')",
            gives="varchar",
        ),
        cases=[f"dayname({x})" for x in _THREE],
        over=_OVER,
    ),
    function(
        "monthname",
        FAMILY,
        "The English name of the month: `January`.",
        on(
            "time_like",
            duckdb="monthname({0})",
            spark=lambda call: f"date_format({moment(call)}, 'MMMM')",
            postgres=lambda call: f"to_char({moment(call)}, 'FMMonth')",
            gives="varchar",
        ),
        cases=[f"monthname({x})" for x in _THREE],
        over=_OVER,
    ),
    function(
        "make_date",
        FAMILY,
        "A date of year, month and day. Fails where there is no such day, and outside the years 1"
        " to 9999; NULL if one of them is.",
        on(
            "whole, whole, whole",
            every=_made,
            gives="date",
        ),
        cases=[
            "make_date(year(d), month(d), 1)",
            "make_date(2024, 2, 29)",
            "make_date(NULL, 2, 29)",
            "make_date(2023, 2, 29)",
            "make_date(2024, 13, 1)",
            "make_date(2024, 0, 1)",
            "make_date(0, 1, 1)",
            "make_date(-1, 1, 1)",
            "make_date(10000, 1, 1)",
        ],
        over=_OVER,
    ),
    function(
        "date",
        FAMILY,
        "The day of a moment: CAST(x AS DATE).",
        on("time_like", every="::{0}", gives="date"),
        cases=[f"date({x})" for x in _THREE]
        + [
            *(
                f"SELECT id, {x} AS v FROM t_dt WHERE year(d) BETWEEN 2 AND 9998"
                for x in ("d + 1", "d - id", "30 + d")
            ),
            "d - DATE '2024-02-29'",
            "d + 1",
            "d - 1",
            "d + 1 - 1",
            "d > '2024-02-29'",
            "ts BETWEEN '2024-01-01' AND '2024-02-29T23:59:59.999999'",
            "d IN ('2024-02-29', '1969-12-31')",
            "ts >= d",
            "tz < '2024-01-01 00:00:00Z'",
            "SELECT id, CAST(d AS TIMESTAMPTZ) AS v FROM t_dt WHERE id <> 13",
            "SELECT id, CAST(ts AS TIMESTAMPTZ) AS v FROM t_dt WHERE id <> 13",
            "CAST(tz AS DATE)",
            "CAST(tz AS TIMESTAMP)",
            "CAST(d AS VARCHAR)",
            "CAST(ts AS VARCHAR)",
        ],
        over=_OVER,
    ),
)

FUNCTIONS = (*PARTS, _DATE_PART, _DATE_TRUNC, _DATE_DIFF, _DATE_SUB, *_REST)
