"""What has no value, or nearly none: each gives the same on every engine, a value or a failure.

Every line is an expression over one row `x` whose columns are given with it, so that no engine
can compute it before it runs. Division by zero, overflow of each type, casts of what is no such
value, dates beyond the years 1 to 9999, arguments outside of a function's domain.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import suite

INT, SMALL, BIG = "2147483647", "CAST(32767 AS SMALLINT)", "9223372036854775807"
_LEAST = {
    "SMALLINT": "CAST(-32768 AS SMALLINT)",
    "INTEGER": "CAST(-2147483648 AS INTEGER)",
    "BIGINT": "CAST(-9223372036854775808 AS BIGINT)",
}
_MOST = {
    "SMALLINT": SMALL,
    "INTEGER": f"CAST({INT} AS INTEGER)",
    "BIGINT": f"CAST({BIG} AS BIGINT)",
}
_DOUBLES = ("1e308", "-1e308", "1e-308", "nan", "inf", "-inf", "0", "-0.0")
_NOT_NUMBERS = (
    "", " ", "x", "1x", "0x1", "1 2", "--1", "1.5", "1e3", "+1", " 7 ", "1,000", "\u0661", "inf", "nan",
    "32768", "2147483648", "9223372036854775808", "-9223372036854775808", "1e400", "1e-400", ".5", "5.", "1_000",
)  # fmt: skip
_NOT_TIMES = (
    "", "x", "2023-02-29", "2024-02-29", "2024-13-01", "2024-00-01", "2024-1-1", "24-01-01", "0000-01-01",
    "9999-12-31", "10000-01-01", "-0001-01-01", "2024-01-01 24:00:00", "2024-01-01 23:60:00", "2024-01-01T10:00:00",
    "2024-01-01 10:00", "2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00Z", "2024/01/01", "01.02.2024", "today",
    "infinity", "epoch", " 2024-01-01 ",
)  # fmt: skip
_NOT_JSON = (
    "", " ", "x", "NULL", "null", " null ", "{", '{"a":1', '{"a":1} x', "{} {}", "1 2", "1, 2", '{"a":01}', '{"a":1,}',
    "[1,]", "nan", '{"a":NaN}', "{a:1}", '"a', "[1], [2]", "1", '"x"', "TRUE", '{"a":.5}', '{"a":1.}', "[1 2]",
)  # fmt: skip
_NOT_BOOLEANS = ("", "t", "yes", "on", "1", "2", "TRUE", " true ", "nope", "f")
# One row each: column → value, and the expressions over it.
_ROWS: list[tuple[dict[str, str], list[str]]] = []


def _add(row: dict[str, str], *expressions: str) -> None:
    _ROWS.append((row, list(expressions)))


for _kind in ("SMALLINT", "INTEGER", "BIGINT"):
    _one = f"CAST(1 AS {_kind})"
    _add(
        {"a": _MOST[_kind], "b": _LEAST[_kind], "one": _one, "zero": f"CAST(0 AS {_kind})"},
        "a + one", "b - one", "a * a", "a - b", "-b", "abs(b)", "b // -one", "b % -one", "a // zero", "a % zero",
        "a / zero", "zero / zero", "-a", "a + zero", "a << 1", "~a", "b * -one", "sign(b)", "gcd(a, zero)",
        "CAST(a AS SMALLINT)", "CAST(a AS INTEGER)", "CAST(b AS SMALLINT)", "TRY_CAST(a AS SMALLINT)",
        "CAST(a AS DECIMAL(5,2))", "TRY_CAST(a AS DECIMAL(5,2))", "CAST(a AS BOOLEAN)", "mod(a, zero)",
    )  # fmt: skip
_add(
    {
        "m": "CAST(99999999999999.9999 AS DECIMAL(18,4))",
        "z": "CAST(0 AS DECIMAL(18,4))",
        "h": "CAST(99999999999999999999999999999999999999 AS DECIMAL(38,0))",
    },
    "m + m", "m * m", "m / z", "z / z", "m % z", "h + 1", "h * 10", "-m", "abs(m)", "round(m, 0)", "round(m, -20)",
    "CAST(m AS INTEGER)", "CAST(m AS BIGINT)", "CAST(m AS DECIMAL(10,2))", "TRY_CAST(m AS DECIMAL(10,2))",
    "TRY_CAST(m AS INTEGER)", "CAST(h AS DOUBLE)", "CAST(h AS BIGINT)", "ceil(m)", "floor(-m)", "sum(h)", "m // 1",
)  # fmt: skip
for _text in _DOUBLES:
    _add(
        {"f": f"CAST('{_text}' AS DOUBLE)", "zero": "CAST(0 AS DOUBLE)"},
        "f * f", "f + f", "f - f", "f / zero", "zero / f", "sqrt(f)", "ln(f)", "log10(f)", "log2(f)", "exp(f)",
        "acos(f)", "asin(f)", "sin(f)", "cos(f)", "atan(f)", "power(f, 2)", "power(f, -1)", "power(f, 0.5)",
        "CAST(f AS SMALLINT)", "CAST(f AS INTEGER)", "CAST(f AS BIGINT)", "CAST(f AS DECIMAL(18,4))",
        "TRY_CAST(f AS INTEGER)", "TRY_CAST(f AS BIGINT)", "TRY_CAST(f AS DECIMAL(18,4))", "round(f, 2)", "ceil(f)",
        "isnan(f)", "isinf(f)", "f = f", "f > 0", "sign(f)", "cbrt(f)", "degrees(f)",
    )  # fmt: skip
for _kind in ("SMALLINT", "INTEGER", "BIGINT", "DECIMAL(10,2)", "DOUBLE"):
    for _text in _NOT_NUMBERS:
        _add({"t": f"'{_text}'"}, f"CAST(t AS {_kind})", f"TRY_CAST(t AS {_kind})")
for _kind in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
    for _text in _NOT_TIMES:
        _add({"t": f"'{_text}'"}, f"CAST(t AS {_kind})", f"TRY_CAST(t AS {_kind})")
for _text in _NOT_BOOLEANS:
    _add({"t": f"'{_text}'"}, "CAST(t AS BOOLEAN)", "TRY_CAST(t AS BOOLEAN)")
for _text in _NOT_JSON:
    _add(
        {"t": f"'{_text}'"},
        "t ->> '$.a'", "json_array_length(t)", "json_exists(t, '$.a')", "json_keys(t)", "json_exists(t, '$')",
    )  # fmt: skip
_add(
    {
        "least": "DATE '0001-01-01'",
        "most": "DATE '9999-12-31'",
        "ts": "TIMESTAMP '9999-12-31 23:59:59.999999'",
        "early": "TIMESTAMP '0001-01-01 00:00:00'",
        "n": "1",
        "m": INT,
        "b": f"CAST({BIG} AS BIGINT)",
    },
    "least - n", "most + n", "most + m", "least - m", "most - least", "least - most", "ts + INTERVAL 1 SECOND",
    "early - INTERVAL 1 SECOND", "most + INTERVAL 1 MONTH", "least - INTERVAL 1 YEAR", "ts + INTERVAL 1 MICROSECOND",
    "date_add(most, INTERVAL 1 DAY)", "make_date(0, n, n)", "make_date(10000, n, n)", "make_date(2023, 2, 29)",
    "make_date(2024, 13, n)", "make_date(n, n, 0)", "make_timestamp(2024, 1, 1, 24, 0, 0.0)", "make_timestamp(b)",
    "make_timestamp(2024, 1, 1, 23, 60, 0.0)", "epoch_ms(b)", "to_timestamp(b)", "last_day(most)",
    "date_trunc('century', least)", "date_trunc('week', least)", "date_diff('microsecond', early, ts)",
    "date_diff('day', least, most)", "strptime('2023-02-29', '%Y-%m-%d')", "strptime('x', '%Y')",
    "try_strptime('2023-02-29', '%Y-%m-%d')", "strftime(most, '%Y')", "date_part('year', least)",
)  # fmt: skip
_add(
    {"s": "'abc'", "n": "-1", "m": "0", "l": "[1, 2]", "e": "CAST([] AS INTEGER[])", "u": "NULL::VARCHAR"},
    "chr(n)", "chr(m)", "chr(1114112)", "repeat(s, n)", "lpad(s, n, 'x')", "lpad(s, 5, '')", "substr(s, m, n)",
    "substr(s, -2)", "left(s, n)", "right(s, n)", "split_part(s, 'b', m)", "split_part(s, 'b', n)", "split_part(s, '', 1)",
    "factorial(n)", "factorial(34)", "from_base64(s)", "from_base64('!')", "unhex('x')", "unhex('abc')", "ascii('')",
    "l[m]", "l[3]", "l[-3]", "e[1]", "list_sum(e)", "list_max(e)", "list_avg(e)", "replace(s, '', 'x')", "position('' IN s)",
    "string_split(s, '')", "regexp_extract(s, '(z)', 1)", "translate(s, 'ab', '')", "levenshtein(s, '')", "u || s",
    "concat(u, s)", "coalesce(u, s)", "greatest(u, s)", "nullif(s, s)", "s ->> '$.a'", "CAST(s AS JSON)", "md5(u)",
    "error(s)", "CASE WHEN n > 0 THEN error(s) ELSE s END", "CASE WHEN m <> 0 THEN 1 // m END", "bin(n)", "hex(n)",
    "log(n)", "sqrt(n)", "list_slice(l, n, m)", "range(m, n)", "bit_count(n)", "xor(n, m)", "width_bucket(n, 0, 0, 3)",
)  # fmt: skip
WHOLE = {
    "(SELECT i FROM t_num) of several rows": "SELECT (SELECT i FROM t_num) AS v",
    "(SELECT i FROM t_num WHERE FALSE) of no row": "SELECT (SELECT i FROM t_num WHERE FALSE) AS v",
    "sum of bigints beyond a bigint": "SELECT sum(b) AS v FROM t_num WHERE b > 5",
    "sum over a window beyond a bigint": "SELECT id, sum(b) OVER (ORDER BY id) AS v FROM t_num WHERE b > 0",
    "sum of no rows": "SELECT sum(i) AS v FROM t_num WHERE FALSE",
    "avg of no rows": "SELECT avg(i) AS v FROM t_num WHERE FALSE",
    "an aggregate of what fails": "SELECT sum(CAST(v AS INTEGER)) AS v FROM t_cast",
    "a filter that fails": "SELECT id FROM t_cast WHERE CAST(v AS INTEGER) > 1",
    "a join that fails": "SELECT a.id FROM t_cast a JOIN t_num b ON CAST(a.v AS INTEGER) = b.i",
    "a key that fails": "SELECT CAST(v AS INTEGER) AS k, count(*) AS n FROM t_cast GROUP BY 1",
    "an order that fails": "SELECT id FROM t_cast ORDER BY CAST(v AS INTEGER), id",
    "a guard by CASE": "SELECT id, CASE WHEN v IN ('1', '42') THEN CAST(v AS INTEGER) END AS v FROM t_cast",
    "a guard in an aggregate": "SELECT sum(CASE WHEN id < 0 THEN CAST(v AS INTEGER) ELSE 1 END) AS v FROM t_cast",
    "a guard in WHERE": "SELECT id FROM t_cast WHERE CASE WHEN id < 0 THEN CAST(v AS INTEGER) = 1 ELSE id < 3 END",
    "a guard in a join": (
        "SELECT a.id FROM t_cast a JOIN t_num b"
        " ON CASE WHEN a.id < 0 THEN CAST(a.v AS INTEGER) ELSE a.id END = b.id"
    ),
    "a guard over a window": (
        "SELECT id, CASE WHEN row_number() OVER (ORDER BY id) < 0 THEN CAST(v AS INTEGER) END AS v FROM t_cast"
    ),
    "a guard of a group": (
        "SELECT g, CASE WHEN count(*) < 0 THEN CAST(max(v) AS INTEGER) ELSE 0 END AS v FROM t_cast GROUP BY g"
    ),
    "two guards of the same": (
        "SELECT id, CASE WHEN id < 0 THEN CAST(v AS INTEGER) END AS a,"
        " CASE WHEN id < 0 THEN CAST(v AS INTEGER) + 1 ELSE 0 END AS b FROM t_cast"
    ),
    "a guard around a guard": (
        "SELECT id, CASE WHEN id > 0 THEN CASE WHEN id < 0 THEN CAST(v AS DATE) END END AS v FROM t_cast"
    ),
    "a guard by if": "SELECT id, if(id < 0, CAST(v AS INTEGER), 0) AS v FROM t_cast",
    "a guard by coalesce": "SELECT id, coalesce(id, CAST(v AS INTEGER)) AS v FROM t_cast",
    "a constant in a branch": "SELECT id, CASE WHEN id < 0 THEN 2147483647 + 1 ELSE 0 END AS v FROM t_num",
    "a constant text in a branch": "SELECT id, CASE WHEN id < 0 THEN CAST('x' AS INTEGER) ELSE 0 END AS v FROM t_num",
    "error in a branch": "SELECT id, CASE WHEN id < 0 THEN error('no') ELSE 'fine' END AS v FROM t_num",
}


def cases() -> dict[str, str]:
    """What it is → the query."""
    found = {}
    for row, expressions in _ROWS:
        # Of a table's row, so that it is no constant.
        cells = ", ".join(f"CASE WHEN x > 0 THEN {v} END AS {c}" for c, v in row.items())
        for text in expressions:
            used = [f"{c} = {v}" for c, v in row.items() if re.search(rf"\b{c}\b", text)]
            query = f"SELECT {text} AS v FROM (SELECT {cells} FROM t_b WHERE x = 5) AS r"
            found[f"{text} where {', '.join(used)}"] = query
    return found | WHOLE


def wrong(machine: Any, expected: dict[str, list[str]], every: int = 1) -> list[str]:
    """What differs from the fixture on a machine, of every so-manieth case."""
    told = []
    for number, (name, query) in enumerate(cases().items()):
        if number % every:
            continue
        kind, lines = suite.outcome(machine, suite.Case(name, "failures", name, query))
        got = _fixture(kind, lines)
        if name not in expected:
            told.append(f"{name}: no fixture; python tests/conformance/failures.py --write")
        elif kind == REFUSED and machine.name in lines[2:]:
            continue  # this engine alone has not got it
        elif expected[name][0].startswith(REFUSED) and kind != REFUSED:
            told.append(f"{name}: {machine.name} gives {got}, refused elsewhere")
        elif suite.differences(expected[name], got):
            why = lines[0] if kind == suite.ERROR else ""
            told.append(f"{name} [{machine.name}]: {expected[name]} → {got} {why}")
    return told


REFUSED = "refused"
PATH = suite.EXPECTED / "failures.txt"


def _fixture(kind: str, lines: list[str]) -> list[str]:
    if kind == REFUSED:
        return [f"{REFUSED} {lines[1]}"]
    return [suite.ERROR] if kind == suite.ERROR else lines


def main() -> int:
    """Compare engines by hand; `--write` takes DuckDB's outcomes for the fixture."""
    import nasty
    from machines import start

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    os.environ["SPARK_INTERPRETED"] = "yes"
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        nasty.write(Path(folder))
        for name in given.engines.split(","):
            machine = start(name, Path(folder))
            if given.write and name == "duckdb":
                found = {
                    n: _fixture(*suite.outcome(machine, suite.Case(n, "failures", n, q)))
                    for n, q in cases().items()
                }
                suite.write_file(PATH, "failures: what has no value, or nearly none", found)
            told = wrong(machine, suite.read_file(PATH), given.every)
            print("\n".join(told))
            bad += len(told)
            machine.close()
    print(f"{len(cases())} cases, {bad} differences")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
