"""Nasty rows that every engine reads: NULL, NaN, unicode, leap days, huge decimals, odd text."""

# ruff: noqa: RUF001 - confusable letters are the point
from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

nan = float("nan")
inf = float("inf")
T = {}
T["t_str"] = pa.table(
    {
        "id": pa.array(range(1, 31), pa.int32()),
        "s": pa.array(
            [
                None,
                "",
                " ",
                "  abc  ",
                "\tTab\n",
                "\u00a0nbsp\u00a0",
                "Straße",
                "İstanbul",
                "ıspanak",
                "ǅ",
                "ﬁne",
                "ÀÉÎõü",
                "e\u0301clair",
                "éclair",
                "👩‍👩‍👧x",
                "日本語",
                "ΑΣ",
                "100%",
                "a_b",
                "a\\b",
                "a|b||c",
                "NULL",
                "John O'Brien",
                "mary-jane WATSON",
                "x" * 40,
                "+1 (555) 010-9999",
                " Foo.Bar@Example.COM ",
                "a,b;c",
                "Zoë",
                "zebra",
            ],
            pa.string(),
        ),
    }
)
T["t_num"] = pa.table(
    {
        "id": pa.array(range(1, 13), pa.int32()),
        "i": pa.array([None, 0, 1, -1, 7, -7, 2147483647, -2147483648, 3, -3, 10, 2], pa.int32()),
        "j": pa.array([1, 2, 3, 3, 2, 2, 1, 1, -2, -2, 4, None], pa.int32()),
        "b": pa.array(
            [None, 0, 1, -1, 9223372036854775807, -9223372036854775808, 5, 6, 7, 8, 9, 10],
            pa.int64(),
        ),
        "d": pa.array(
            [
                None,
                Decimal("0.0000"),
                Decimal("2.5000"),
                Decimal("-2.5000"),
                Decimal("3.5000"),
                Decimal("1.0050"),
                Decimal("-1.0050"),
                Decimal("99999999999999.9999"),
                Decimal("0.1250"),
                Decimal("0.1350"),
                Decimal("-0.0001"),
                Decimal("1234.5678"),
            ],
            pa.decimal128(18, 4),
        ),
        "hd": pa.array(
            [
                None,
                Decimal(0),
                Decimal("1234567890123456789012345678.0123456789"),
                Decimal("-1234567890123456789012345678.0123456789"),
                Decimal(1),
                Decimal("0.0000000001"),
                Decimal(3),
                Decimal(7),
                Decimal(10),
                Decimal("2.5"),
                Decimal("-2.5"),
                Decimal(9),
            ],
            pa.decimal128(38, 10),
        ),
        "f": pa.array(
            [None, 0.0, -0.0, nan, inf, -inf, 2.5, -2.5, 0.1, 1e20, 1.005, 3.5], pa.float64()
        ),
    }
)
ts = dt.datetime.fromisoformat
T["t_dt"] = pa.table(
    {
        "id": pa.array(range(1, 26), pa.int32()),
        "d": pa.array(
            [None]
            + [
                dt.date.fromisoformat(x)
                for x in [
                    "2024-02-29",
                    "2023-02-28",
                    "2024-12-30",
                    "2021-01-01",
                    "2024-01-31",
                    "1969-12-31",
                    "2000-02-29",
                    "1900-03-01",
                    "2024-03-10",
                    "2024-11-03",
                    "9999-12-31",
                    "0001-01-01",
                    "1582-10-10",
                    "1899-12-31",
                    "1970-01-01",
                    "1999-12-31",
                    "2000-01-01",
                    "2001-01-01",
                    "2019-12-30",
                    "2021-01-03",
                    "2020-12-31",
                    "2023-03-26",
                    "2023-10-29",
                    "2400-02-29",
                ]
            ],
            pa.date32(),
        ),
        "ts": pa.array(
            [None]
            + [
                ts(x)
                for x in [
                    "2024-02-29T23:59:59.999999",
                    "2023-02-28T00:00:00",
                    "2024-12-30T12:30:15.5",
                    "2021-01-01T00:00:00",
                    "2024-01-31T10:00:00",
                    "1969-12-31T23:59:59.5",
                    "2000-02-29T01:02:03",
                    "1900-03-01T00:00:00",
                    "2024-03-10T02:30:00",
                    "2024-11-03T01:30:00",
                    "2262-04-11T00:00:00",
                    "0001-01-01T00:00:00",
                    "1582-10-10T12:00:00",
                    "1883-11-18T12:00:00",
                    "1970-01-01T00:00:00",
                    "1969-12-31T23:59:59.999999",
                    "1968-02-29T12:00:00.000001",
                    "2001-01-01T00:00:00",
                    "2024-03-31T15:30:00",
                    "2021-01-03T23:59:59.999",
                    "2020-12-31T23:59:59",
                    "2023-03-26T02:30:00",
                    "2023-10-29T02:30:00",
                    "9999-12-31T23:59:59.999999",
                ]
            ],
            pa.timestamp("us"),
        ),
        "tz": pa.array(
            [None]
            + [
                ts(x + "+00:00")
                for x in [
                    "2024-02-29T23:59:59.999999",
                    "2023-02-28T00:00:00",
                    "2024-12-30T12:30:15.5",
                    "2021-01-01T00:00:00",
                    "2024-01-31T10:00:00",
                    "1969-12-31T23:59:59.5",
                    "2000-02-29T01:02:03",
                    "1900-03-01T00:00:00",
                    "2024-03-10T07:30:00",
                    "2024-11-03T05:30:00",
                    "2262-04-11T00:00:00",
                    "0011-03-01T00:00:00",
                    "1582-10-10T12:00:00",
                    "1883-11-18T12:00:00",
                    "1970-01-01T00:00:00",
                    "1969-12-31T23:59:59.999999",
                    "1968-02-29T12:00:00.000001",
                    "2001-01-01T00:00:00",
                    "2024-03-31T15:30:00",
                    "2021-01-03T23:59:59.999",
                    "2020-12-31T23:59:59",
                    "2023-03-26T01:00:00",
                    "2023-10-29T01:30:00",
                    "9999-12-31T23:59:59.999999",
                ]
            ],
            pa.timestamp("us", tz="UTC"),
        ),
        "raw": pa.array(
            [
                "2024-02-29",
                "2023-02-29",
                "29/02/2024",
                "2024-2-9",
                "",
                None,
                "abc",
                "2024-02-29 12:34:56",
                "2024-02-29T12:34:56Z",
                "20240229",
                " 2024-02-29 ",
                "2024-13-01",
                "0000-01-01",
                "9999-12-31",
                "2024-02-30",
                "2024-02-29 24:00:00",
                "2024-02-29 23:59:60",
                "2024-02-29 23:59:59.123456",
                "2024-02-29 12:34:56.5",
                "2024-02-29T12:34:56+05:30",
                "29-FEB-2024",
                "29 february 2024",
                "02/29/24 01:05 pm",
                "2024-02-29\n",
                "٢٠٢٤-02-29",
            ],
            pa.string(),
        ),
    }
)
T["t_cast"] = pa.table(
    {
        "id": pa.array(range(1, 21), pa.int32()),
        "v": pa.array(
            [
                None,
                "",
                " 12 ",
                "12",
                "-7",
                "1.5",
                "1.499",
                "2.5",
                "1e3",
                "abc",
                "true",
                "T",
                "yes",
                "0x10",
                "99999999999",
                "NaN",
                "1,234",
                "+5",
                "2024-01-01",
                "٣",
            ],
            pa.string(),
        ),
    }
)
n = 24
T["t_evt"] = pa.table(
    {
        "eid": pa.array(range(1, n + 1), pa.int64()),
        "cust": pa.array(
            [1, 1, 1, 2, 2, 3, 3, 3, None, None, 4, 4, 4, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8, 1],
            pa.int32(),
        ),
        "ts": pa.array(
            [
                ts("2024-01-01T00:00:00") + dt.timedelta(hours=7 * k % 50, minutes=(k * 13) % 60)
                if k not in (4, 9)
                else None
                for k in range(n)
            ],
            pa.timestamp("us"),
        ),
        "amt": pa.array(
            [None if k % 7 == 3 else Decimal(k * k - 30) * Decimal("1.15") for k in range(n)],
            pa.decimal128(12, 2),
        ),
        "f": pa.array(
            [None if k % 5 == 4 else (nan if k == 7 else k * 1.1) for k in range(n)], pa.float64()
        ),
        "status": pa.array(
            [
                "A",
                "b",
                "B",
                None,
                "",
                "A",
                "a",
                "C",
                "C",
                "A",
                "b",
                "é",
                "e",
                "Z",
                "z",
                "É",
                "A",
                "A",
                "B",
                "b",
                "C",
                None,
                None,
                "A",
            ],
            pa.string(),
        ),
        "js": pa.array(
            [
                '{"a":1,"b":{"c":"x"},"l":[1,2,3]}',
                '{"a":null}',
                "{}",
                None,
                '{"a":"1","b":{"c":null}}',
                '{"a":1.50,"l":[]}',
                '{"a":true,"l":["x",null,{"k":2}]}',
                "[1,2]",
                '"str"',
                '{"a b":1,"a":{"z":1, "y":2}}',
                '{"a":"é\\n\\"q\\""}',
                '{"a":12345678901234567890}',
            ]
            + [f'{{"a":{k}}}' for k in range(n - 12)],
            pa.string(),
        ),
    }
)
T["t_dim"] = pa.table(
    {
        "cust": pa.array([1, 2, 3, 4, 5, None, 9, 2], pa.int32()),
        "name": pa.array(["Ann", "Bob", "Cid", "Dée", None, "Nul", "Nope", "Bob2"], pa.string()),
        "region": pa.array(["N", "S", "N", "E", "E", "W", None, "S"], pa.string()),
    }
)
T["t_sales"] = pa.table(
    {
        "region": pa.array(["N", "N", "S", "S", None, None, "E", "E", "N"], pa.string()),
        "product": pa.array(["p", "q", "p", None, "p", None, "q", "q", "p"], pa.string()),
        "yr": pa.array([2023, 2024, 2023, 2024, 2023, 2024, 2023, None, 2024], pa.int32()),
        "qty": pa.array([1, 2, 3, 4, 5, 6, 7, 8, None], pa.int32()),
        "amt": pa.array(
            [Decimal(x) for x in ["1.10", "2.20", "3.30", "4.40", "5.55", "6.65", "7.75", "8.85"]]
            + [None],
            pa.decimal128(10, 2),
        ),
    }
)
T["t_quote"] = pa.table(
    {
        "sym": pa.array(["A", "A", "A", "B", None], pa.string()),
        "qts": pa.array(
            [
                ts("2024-01-01T00:00:00"),
                ts("2024-01-01T06:00:00"),
                ts("2024-01-02T00:00:00"),
                ts("2024-01-01T12:00:00"),
                ts("2024-01-01T00:00:00"),
            ],
            pa.timestamp("us"),
        ),
        "px": pa.array(
            [Decimal("1.00"), Decimal("2.00"), Decimal("3.00"), Decimal("9.00"), Decimal("5.00")],
            pa.decimal128(10, 2),
        ),
    }
)
T["t_arr"] = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 5], pa.int32()),
        "a": pa.array([[3, 1, 2], [], None, [None, 5, 5], [7]], pa.list_(pa.int32())),
        "tags": pa.array([["x", "y"], ["x"], [], None, ["é", "E"]], pa.list_(pa.string())),
    }
)
T["t_mix"] = pa.table(
    {
        "Id": pa.array([1, 2, 3], pa.int32()),
        "Mixed Case": pa.array(["a", "B", "c"], pa.string()),
        "order": pa.array([3, 1, 2], pa.int32()),
        "select": pa.array(["u", "v", "w"], pa.string()),
    }
)
T["t_a"] = pa.table(
    {
        "x": pa.array([1, 1, 2, 3, None, None, 4], pa.int32()),
        "y": pa.array(["a", "a", "b", None, None, None, "d"], pa.string()),
    }
)
T["t_b"] = pa.table(
    {
        "x": pa.array([1, 2, 2, None, 5], pa.int32()),
        "y": pa.array(["a", "b", "b", None, "e"], pa.string()),
    }
)

for name, table in list(T.items()):
    # Groups for aggregates: three of them, one with NULL rows only where the data has some.
    T[name] = table.append_column("g", pa.array([i % 3 for i in range(table.num_rows)], pa.int32()))


# Texts that are, or nearly are, numbers, booleans, dates and times.
_TEXTS = """
|| | 1| 1 |	1|1\\n|+1|-1|--1|+-1|1.|.5|-.5|.|+|-|e|1.5|2.5|-2.5|0.5|1.005|-1.005|1e3|1E+05|1e-3|1e|e1|1e400
|1e-400|-1e400|1e308|1.7976931348623157e308|1.7976931348623159e308|5e-324|2e-324|0e0|-0.0|0x1F|0b1|0o7|1d|1f|1L
|1_000|1,000|1 000|NaN|nan|+NaN|Infinity|-inf|+Inf|infinit|32767|32768|-32768|-32769|2147483647|2147483648
|-2147483648|-2147483649|9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809
|99999999.99|99999999.994|99999999.995|-99999999.995|123456789012345678901234567890123456789
|00000000000000000000000000000000000000000000000012|0.12345678901234567890123456789|true|TRUE|t|f|yes|No|on|off|y|N|0|tru
| true |2024-02-29|2023-02-29|2000-02-29|1900-02-29|2024-2-9|2024-02-30|2024-04-31|2024-13-01|2024-00-10|2024-01-00
|0001-01-01|0000-01-01|9999-12-31|10000-01-01|-0001-01-01|2024-01-01 BC|epoch|infinity|today|now| 2024-01-01 |20240101
|2024/01/01|01.02.2024|2024-01-01 12:34:56|2024-01-01T12:34:56|2024-01-01t12:34:56|2024-01-01 12:34:56.1
|2024-01-01 12:34:56.123456|2024-01-01 12:34:56.1234567|2024-01-01 23:59:59.999999999|2024-01-01 12:34:56.
|2024-01-01 12:34|2024-01-01 12|2024-01-01 24:00:00|2024-01-01 12:60:00|2024-01-01 23:59:60|2024-01-01 1:02:03
|2023-02-29 00:00:00|2024-01-01 12:34:56Z|2024-01-01T12:34:56.5Z|2024-01-01T12:34:56+02:00|2024-01-01 12:34:56-05:30
|2024-01-01 12:34:56+02|2024-01-01 12:34:56 UTC|2024-01-01 12:34:56 +02:00|2024-01-01T12:34+14:00|2024-01-01T12:34+15:00
|12:34:56|٣|１２|−1|1\u00a0|NULL|abc
""".replace("\n", "").replace("\\\\n", "\n")
T["t_txt"] = pa.table(
    {
        "id": pa.array(range(1, len(_TEXTS.split("|")) + 2), pa.int32()),
        "v": pa.array([None, *_TEXTS.split("|")], pa.string()),
    }
)
# Whole numbers at the edges of their types, booleans, doubles at the edge of a rounding.
T["t_edge"] = pa.table(
    {
        "id": pa.array(range(1, 17), pa.int32()),
        "o": pa.array([None, True, False] * 5 + [True], pa.bool_()),
        "sm": pa.array(
            [None, 0, 1, -1, 32767, -32768, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], pa.int16()
        ),
        "w": pa.array(
            [
                None,
                0,
                1,
                -1,
                32768,
                -32769,
                2147483647,
                -2147483648,
                2147483648,
                -2147483649,
                9223372036854775807,
                -9223372036854775808,
                99,
                100,
                -100,
                5,
            ],
            pa.int64(),
        ),
        "m": pa.array(
            [None]
            + [
                Decimal(x)
                for x in [
                    "0",
                    "0.5",
                    "-0.5",
                    "1.5",
                    "2.5",
                    "-2.5",
                    "32767.4",
                    "32767.5",
                    "-32768.5",
                    "2147483647.4999",
                    "2147483647.5",
                    "9223372036854775807.4",
                    "9223372036854775807.5",
                    "99.9949",
                    "99.995",
                ]
            ],
            pa.decimal128(28, 4),
        ),
        "x": pa.array(
            [
                None,
                0.5,
                1.5,
                2.5,
                -2.5,
                0.49999999999999994,
                1.005,
                0.285,
                1.115,
                32767.5,
                2147483647.5,
                9223372036854775807.0,
                123456789012345.67,
                1e300,
                nan,
                -inf,
            ],
            pa.float64(),
        ),
        "y": pa.array(
            [
                1.0,
                1e308,
                -1e308,
                1e-308,
                5e-324,
                -5e-324,
                1.7976931348623157e308,
                0.1,
                1e-160,
                1e160,
                1e154,
                1e15,
                12345678901234567890.0,
                -123456789.987654321,
                inf,
                0.0,
            ],
            pa.float64(),
        ),
    }
)
# Groups for statistics: one row, NULLs alone, one value, a line with gaps, NaN, infinity, a tie,
# a large offset.
_STAT = [
    (0, 2.5, 1.0, "1.25", 7, "a", True),
    (1, None, None, None, None, None, None),
    (1, None, None, None, None, None, None),
    (2, 3.0, 1.0, "3.00", 3, "b", True),
    (2, 3.0, 2.0, "3.00", 3, "b", True),
    (2, 3.0, 4.0, "3.00", 3, "b", True),
    (3, 1.0, 2.0, "1.10", 1, "B", True),
    (3, 2.0, 4.1, "-2.25", 2, "a", False),
    (3, 3.0, 5.9, "3.05", -3, "é", None),
    (3, 4.0, 8.2, None, 4, None, True),
    (3, 5.0, 9.8, "99.99", 5, "", True),
    (3, None, 1.0, "0.01", None, "a", True),
    (3, 6.0, None, "0.02", 6, "z", False),
    (4, 1.0, 1.0, "1.00", 1, "x", False),
    (4, nan, 2.0, "2.00", 2, "y", False),
    (4, 3.0, 3.0, "3.00", 3, "x", False),
    (5, 1.0, 1.0, "1.00", 1, "q", None),
    (5, inf, 2.0, "2.00", 2, "p", None),
    (5, 2.0, 1.0, "3.00", 3, None, None),
    (6, -0.0, 0.0, "0.00", 0, "m", True),
    (6, 1.0, -1.0, "-1.00", -1, "n", False),
    (7, 1000000001.0, 1.0, "9999999999.99", 2147483647, "u", True),
    (7, 1000000002.0, 2.0, "9999999999.98", -2147483648, "v", True),
    (7, 1000000004.0, 3.5, "-9999999999.99", 2147483647, "u", True),
]
T["t_stat"] = pa.table(
    {
        "id": pa.array(range(1, len(_STAT) + 1), pa.int32()),
        "g": pa.array([r[0] for r in _STAT], pa.int32()),
        "x": pa.array([r[1] for r in _STAT], pa.float64()),
        "y": pa.array([r[2] for r in _STAT], pa.float64()),
        "d": pa.array(
            [None if r[3] is None else Decimal(r[3]) for r in _STAT], pa.decimal128(12, 2)
        ),
        "i": pa.array([r[4] for r in _STAT], pa.int32()),
        "t": pa.array([r[5] for r in _STAT], pa.string()),
        "o": pa.array([r[6] for r in _STAT], pa.bool_()),
    }
)


def write(folder: Path) -> None:
    """Each table as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in T.items():
        pq.write_table(table, folder / f"{name}.parquet")


_NAMES = {
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "string": "varchar",
    "double": "double",
    "date32[day]": "date",
    "timestamp[us]": "timestamp",
    "timestamp[us, tz=UTC]": "timestamptz",
    "bool": "boolean",
    "large_string": "varchar",
    "string_view": "varchar",
}


def type_name(found: pa.DataType) -> str:
    """Penstock's name of an Arrow type."""
    if pa.types.is_decimal(found):
        return f"decimal({found.precision},{found.scale})"
    if pa.types.is_list(found):
        return f"{type_name(found.value_type)}[]"
    return _NAMES[str(found)]


def schemas() -> dict[str, dict[str, str]]:
    """Table → column → Penstock type."""
    return {name: {f.name: type_name(f.type) for f in table.schema} for name, table in T.items()}
