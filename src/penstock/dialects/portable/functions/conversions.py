"""The casts, for the page and the suite; their renderings are in `portable/casts.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.dialects.portable.entry import Function

_OUTSIDE = " Any other text fails the cast, and is NULL in TRY_CAST. Spaces around are allowed."


def _cast(name: str, meaning: str, over: str, cases: Sequence[str]) -> Function:
    return function(f"cast_{name}", "casts", meaning, kind="operator", cases=cases, over=over)


def _of_text(type_name: str, good: str, text: str = "v") -> list[str]:
    """The texts one by one; the strict cast of those that pass; one that does not."""
    # A written date that is none is refused when it is compiled.
    wrong = [] if type_name[:4] in {"DATE", "TIME"} else [f"CAST('{good}x' AS {type_name})"]
    return [
        f"TRY_CAST({text} AS {type_name})",
        f"CAST(CASE WHEN TRY_CAST({text} AS {type_name}) IS NOT NULL THEN v END AS {type_name})",
        f"CAST(v AS {type_name})",
        f"CAST('{good}' AS {type_name})",
        *wrong,
        f"TRY_CAST('{good}x' AS {type_name})",
        f"TRY_CAST('{good}' AS {type_name})",
    ]


FUNCTIONS = (
    _cast(
        "text_to_whole",
        "A text as a whole number: a sign and digits." + _OUTSIDE,
        "t_txt",
        [
            *_of_text("INTEGER", "12"),
            *_of_text("SMALLINT", "-7"),
            *_of_text("BIGINT", " +5 "),
            "CAST('2147483648' AS INTEGER)",
            "v::INTEGER",
        ],
    ),
    _cast(
        "text_to_decimal",
        "A text as a decimal: a sign, digits and a point; more places than it has are rounded half"
        " away from zero, too many digits fail." + _OUTSIDE,
        "t_txt",
        [
            *_of_text("DECIMAL(10, 2)", "1.005"),
            "TRY_CAST(v AS DECIMAL(38, 10))",
            "TRY_CAST(v AS DECIMAL(18, 0))",
            "CAST('99999999.995' AS DECIMAL(10, 2))",
        ],
    ),
    _cast(
        "text_to_double",
        "A text as a double: as a decimal, and with an exponent of up to three digits, `NaN`,"
        " `inf` and `Infinity` in any case. What is beyond 1.8e308, or so near to 0 that it would"
        " be 0, fails." + _OUTSIDE,
        "t_txt",
        [
            *_of_text("DOUBLE", "1e3"),
            "CAST('1e400' AS DOUBLE)",
            "CAST('1e-400' AS DOUBLE)",
            "CAST('-Infinity' AS DOUBLE)",
        ],
    ),
    _cast(
        "text_to_boolean",
        "A text as a boolean: true, t, yes, y, 1 and false, f, no, n, 0 in any case." + _OUTSIDE,
        "t_txt",
        _of_text("BOOLEAN", "yes"),
    ),
    _cast(
        "text_to_date",
        "A text as a date: `2024-02-29`, years 0001 to 9999." + _OUTSIDE,
        "t_txt",
        [*_of_text("DATE", "2024-02-29"), "DATE '2000-02-29'"],
    ),
    _cast(
        "text_to_timestamp",
        "A text as a timestamp: a date, or a date, a space or T, hours and minutes, seconds and up"
        " to nine digits of a fraction; what is beyond microseconds is cut off." + _OUTSIDE,
        "t_txt",
        [
            *_of_text("TIMESTAMP", "2024-01-01 12:34:56"),
            "TIMESTAMP '2024-02-29T23:59:59.123456'",
        ],
    ),
    _cast(
        "text_to_timestamptz",
        "A text as an instant: as a timestamp, with `Z` or an offset such as `+02:00` after"
        " the seconds; without one it is in UTC." + _OUTSIDE,
        "t_txt",
        # PySpark cannot hand over an instant of the first day.
        [
            *_of_text("TIMESTAMPTZ", "2024-01-01T12:34:56+02:00", "nullif(v, '0001-01-01')"),
            "TIMESTAMPTZ '2024-02-29 00:00:00Z'",
        ],
    ),
    _cast(
        "between_numbers",
        "Numbers as other numbers: a decimal is rounded half away from zero, a double as a whole"
        " number half to even, as a decimal half away from zero after it was scaled (in doubles:"
        " 1.005 is 1.00). What does not fit fails, NULL in TRY_CAST; so do NaN and infinity as"
        " anything but a double.",
        "t_edge",
        [
            *(
                f"TRY_CAST({column} AS {kind})"
                for column in ("w", "m", "x")
                for kind in ("SMALLINT", "INTEGER", "BIGINT", "DECIMAL(4, 2)", "DOUBLE")
            ),
            "TRY_CAST(y AS DECIMAL(38, 10))",
            "TRY_CAST(y AS DECIMAL(38, 0))",
            "TRY_CAST(x AS DECIMAL(18, 2))",
            "TRY_CAST(x AS DECIMAL(38, 15))",
            "TRY_CAST(x * 1e3 AS BIGINT)",
            "CAST(sm AS BIGINT)",
            "CAST(sm AS DECIMAL(5, 0))",
            "CAST(sm AS DECIMAL(4, 0))",
            "CAST(w AS INTEGER)",
            "CAST(m AS DECIMAL(20, 1))",
            "CAST(m AS INTEGER)",
            "CAST(m AS BIGINT)",
            "CAST(x AS INTEGER)",
            "CAST(x AS BIGINT)",
            "CAST(x AS DECIMAL(18, 2))",
            "CAST(CASE WHEN abs(x) < 1e15 THEN x END AS DECIMAL(18, 2))",
            "CAST(CASE WHEN abs(x) < 1e4 THEN x END AS INTEGER)",
            "CAST(CAST('NaN' AS DOUBLE) AS DECIMAL(10, 2))",
            "CAST(CAST('NaN' AS DOUBLE) AS INTEGER)",
            "CAST(CAST('9223372036854775807' AS DOUBLE) AS BIGINT)",
            "CAST(1.5 AS INTEGER)",
            "CAST(-0.5 AS BIGINT)",
        ],
    ),
    _cast(
        "boolean_and_numbers",
        "A boolean is 1 or 0; every number but 0 is true, NaN too.",
        "t_edge",
        [
            "CAST(o AS INTEGER)",
            "CAST(o AS SMALLINT)",
            "CAST(o AS DECIMAL(5, 2))",
            "CAST(o AS DOUBLE)",
            "CAST(w AS BOOLEAN)",
            "CAST(m AS BOOLEAN)",
            "CAST(x AS BOOLEAN)",
            "o::BIGINT",
        ],
    ),
    _cast(
        "to_text",
        "A whole number, a decimal with all its places, a boolean as `true` or `false`, a date or"
        " timestamp as ISO 8601 with a space, its fraction without zeros at the end. A double and"
        " an instant are refused: engines write them differently.",
        "t_edge",
        [
            "CAST(w AS VARCHAR)",
            "CAST(m AS VARCHAR)",
            "CAST(o AS VARCHAR)",
            "CAST(0.0000001 AS VARCHAR)",
            "sm::TEXT",
            "SELECT id AS k, CAST(d AS VARCHAR) AS v FROM t_dt",
            "SELECT id AS k, CAST(ts AS VARCHAR) AS v FROM t_dt",
            "SELECT id AS k, CAST(hd AS VARCHAR) AS v FROM t_num",
        ],
    ),
    _cast(
        "between_times",
        "A date is midnight as a timestamp; an instant has the date and the time of UTC, whatever"
        " the session's zone is.",
        "t_dt",
        [
            "CAST(d AS TIMESTAMP)",
            "CAST(ts AS DATE)",
            "CAST(tz AS TIMESTAMP)",
            "CAST(tz AS DATE)",
            # PySpark cannot hand over an instant of the first day.
            "CAST(CASE WHEN d > DATE '0001-01-02' THEN ts END AS TIMESTAMPTZ)",
            "CAST(CASE WHEN d > DATE '0001-01-02' THEN d END AS TIMESTAMPTZ)",
            "TRY_CAST(ts AS DATE)",
        ],
    ),
)
