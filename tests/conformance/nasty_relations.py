"""Nasty rows to be joined, grouped and unnested: events, sales, quotes, lists."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa

nan = float("nan")
ts = dt.datetime.fromisoformat
T = {}
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
