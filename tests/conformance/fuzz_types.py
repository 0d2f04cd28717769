"""Every function with every pair of argument types, over extreme values of each.

    python tests/conformance/fuzz_types.py [NAME…] [--engines duckdb,postgres]

What the declarations do not take is refused before it runs. What they take gives the same rows on
every engine: NULL, empty, the least and greatest of each type, each beside each. Where a row
fails, the rows are asked for one by one: it must fail everywhere, and the others must not.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import os
import random
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import pyarrow as pa
import pyarrow.parquet as pq
import suite
from fuzzing import DIFFERENT, FAILING, FAILS, REFUSED, Case, Trials
from machines import start

from penstock.dialects.portable import Refusal, prepare
from penstock.dialects.portable.families import fits
from penstock.dialects.portable.typing import takes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.dialects.portable.entry import Function

_inf, _nan = float("inf"), float("nan")
_utc = dt.UTC
_ts = dt.datetime.fromisoformat
# Seven values of each type: NULL, nothing, the ends.
VALUES: dict[str, tuple[pa.DataType, list[object]]] = {
    "smallint": (pa.int16(), [None, 0, 1, -1, 32767, -32768, 12]),
    "integer": (pa.int32(), [None, 0, 1, -3, 2147483647, -2147483648, 60]),
    "bigint": (pa.int64(), [None, 0, 1, -1, 2**63 - 1, -(2**63), 1700000000]),
    "decimal(18,4)": (
        pa.decimal128(18, 4),
        [
            None,
            *map(Decimal, ("0.0000", "-0.0001", "2.5000", "-2.5000")),
            Decimal("99999999999999.9999"),
            Decimal("-99999999999999.9999"),
        ],
    ),
    "double": (pa.float64(), [None, 0.0, -2.5, _nan, _inf, -_inf, 1e300]),
    "varchar": (pa.string(), [None, "", " ", "a,b", "Zoë", "12", "2024-02-29"]),
    "boolean": (pa.bool_(), [None, True, False, None, True, False, True]),
    "date": (
        pa.date32(),
        [
            None,
            dt.date(1, 1, 1),
            dt.date(9999, 12, 31),
            dt.date(2024, 2, 29),
            dt.date(1970, 1, 1),
            dt.date(1899, 12, 31),
            dt.date(2024, 12, 30),
        ],
    ),
    "timestamp": (
        pa.timestamp("us"),
        [
            None,
            _ts("0001-01-01 00:00:00"),
            _ts("9999-12-31 23:59:59.999999"),
            _ts("2024-02-29 12:30:00"),
            _ts("1970-01-01 00:00:00"),
            _ts("1969-12-31 23:59:59.500000"),
            _ts("2024-03-10 02:30:00"),
        ],
    ),
    "timestamptz": (
        pa.timestamp("us", tz="UTC"),
        [
            None,
            dt.datetime(1900, 1, 1, tzinfo=_utc),
            dt.datetime(2024, 3, 10, 7, tzinfo=_utc),
            dt.datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=_utc),
            dt.datetime(1970, 1, 1, tzinfo=_utc),
            dt.datetime(9998, 1, 1, tzinfo=_utc),
            dt.datetime(2024, 11, 3, 6, 30, tzinfo=_utc),
        ],
    ),
    "integer[]": (pa.list_(pa.int32()), [None, [], [1], [3, None, 1], [1, 1], [None], [2, 1]]),
    "varchar[]": (pa.list_(pa.string()), [None, [], ["a"], ["b", None], [""], [None], ["a", "b"]]),
}
# Types that no column of the tables has.
MADE = {
    "blob": "encode({varchar})",
    "json": "CAST('[1, {{\"a\": null}}]' AS JSON)",
    "interval": "INTERVAL 3 DAY",
    "struct(a integer, b varchar)": "{{'a': {integer}, 'b': {varchar}}}",
    "lambda": "lambda x: x",
    "null": "NULL",
}
TABLE = "t_types"
_SIDES = "abc"
ROWS = 49
# What must be written in the SQL, beside which a column is refused.
LITERALS = {
    "integer": ["0", "2", "-1"],
    "double": ["CAST(0.5 AS DOUBLE)"],
    "decimal(18,4)": ["0.5"],
    "varchar": ["''", "'a'", "'day'", "'%Y-%m-%d'", "'UTC'", "'month'"],
}
OPERATORS = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "{0} ** {1}",
    "{0} = {1}", "{0} <> {1}", "{0} < {1}", "{0} >= {1}", "{0} IS DISTINCT FROM {1}", "{0} || {1}",
    "{0} AND {1}", "{0} OR {1}", "{0} & {1}", "{0} | {1}", "{0} IN ({1}, NULL)", "{0} LIKE {1}",
    "{0} BETWEEN {1} AND {1}", "CASE WHEN {0} THEN {1} END", "CASE {0} WHEN {1} THEN 1 END",
    "CASE WHEN TRUE THEN {0} ELSE {1} END", "{0} ILIKE {1}", "{0} NOT IN ({1})",
)  # fmt: skip
# What makes as much as a number says: numbers of two digits.
_GROWING = frozenset(
    {
        "repeat",
        "lpad",
        "rpad",
        "generate_series",
        "range",
        "factorial",
        "list_repeat",
        "list_resize",
    }
)
UNARY = ("-{0}", "NOT {0}", "~{0}", "{0} IS NULL", "{0} IS NOT NULL", "{0} IS TRUE", "{0} << 3")
TARGETS = (
    "SMALLINT", "INTEGER", "BIGINT", "DECIMAL(18,4)", "DECIMAL(5,2)", "DECIMAL(38,10)", "DOUBLE", "VARCHAR",
    "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "JSON", "BLOB", "INTEGER[]", "VARCHAR[]",
)  # fmt: skip


def schemas() -> dict[str, dict[str, str]]:
    """The table of the pairs."""
    columns = {"k": "integer"}
    for side in _SIDES:
        columns |= {_column(side, t): t for t in VALUES}
    return {TABLE: columns}


def _column(side: str, kind: str) -> str:
    name = kind.replace("[]", "_list").partition("(")[0]
    return f"{side}_{name}"


def write(folder: Path) -> None:
    """Each value of a type beside each of every other."""
    many = 7
    columns: dict[str, pa.Array] = {"k": pa.array(range(many * many), pa.int32())}
    for side in _SIDES:
        for kind, (arrow, values) in VALUES.items():
            places = [
                {"a": i, "b": j, "c": (i + j) % many}[side]
                for i in range(many)
                for j in range(many)
            ]
            columns[_column(side, kind)] = pa.array([values[p] for p in places], arrow)
    pq.write_table(pa.table(columns), folder / f"{TABLE}.parquet")


def argument(side: str, kind: str) -> str:
    """A value of a type, of one of the three sides."""
    if kind in MADE:
        cells = {t: _column(side, t) for t in ("varchar", "integer")}
        return MADE[kind].format(**cells)
    return _column(side, kind)


def calls(declared: Function) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A template and argument types for every pair of types that some overload takes."""
    every = [*VALUES, *MADE]
    seen = set()
    for overload in declared.overloads:
        wanted = [t for t in overload.takes if t != "…"]
        most = len(wanted) + ("…" in overload.takes)
        for count in range(overload.fewest, min(most, 5) + 1):
            base = [
                next((t for t in every if fits(t, overload.family(i))), "null")
                for i in range(count)
            ]
            pairs = itertools.product(every, repeat=min(count, 2))
            for first in pairs:
                types = (*first, *base[2:])
                if types in seen or not any(takes(o, types) for o in declared.overloads):
                    continue
                seen.add(types)
                holes = ", ".join(f"{{{i}}}" for i in range(count))
                yield f"{declared.name}({holes})", types


def expressions(names: Sequence[str] | None = None, after: str = "") -> Iterator[list[str]]:
    """For each pair of types the ways to write it: with columns, then with what is written."""
    for name in names if names is not None else [n for n in suite.names() if n > after]:
        declared = suite.catalog()[name]
        if declared.kind == "scalar":
            for template, types in calls(declared):
                yield list(_ways(template, types))
    if names is None:
        every = [*VALUES, *(m for m in MADE if m != "lambda")]
        for template in OPERATORS:
            for pair in itertools.product(every, repeat=2):
                yield [template.format(argument("a", pair[0]), argument("b", pair[1]))]
        for template in (
            *UNARY,
            *(f"{c}({{0}} AS {t})" for t in TARGETS for c in ("CAST", "TRY_CAST")),
        ):
            for kind in every:
                yield [template.format(argument("a", kind))]


def _ways(template: str, types: tuple[str, ...]) -> Iterator[str]:
    sides = "abcab"
    columns = [argument(sides[i], t) for i, t in enumerate(types)]
    if template.partition("(")[0] in _GROWING:
        if any(t.startswith(("date", "time")) for t in types):
            return
        columns = [
            f"({c} % 40)" if fits(t, "whole") else c for c, t in zip(columns, types, strict=True)
        ]
    yield template.format(*columns)
    # From the second argument on, and all at once.
    written = [LITERALS.get(t, [argument(sides[i], t)]) for i, t in enumerate(types)]
    for i in range(max(len(w) for w in written)) if written else ():
        rest = [w[i % len(w)] for w in written[1:]]
        yield template.format(*columns[:1], *rest)
        if rest:
            yield template.format(*columns[:-1], rest[-1])


class Pairs:
    """Asks the machines."""

    def __init__(self, trials: Trials) -> None:
        self.trials = trials

    def take(self, ways: list[str]) -> None:
        """The first way that compiles; where it fails, row by row."""
        for text in ways:
            try:
                query = f"SELECT k, {text} AS v FROM {TABLE}"
                prepared = prepare(query, self.trials.schemas)
                for machine in self.trials.machines:
                    prepared.render(machine.name)
            except Refusal as refused:
                if refused.code != "PSK-PORT-024":
                    break
                continue
            except Exception:  # noqa: BLE001 - the trials say so
                pass
            kind = self.trials.take(Case(query), quiet=True)
            if kind in (FAILING, DIFFERENT):
                self._by_rows(query)
            return
        self.trials.tally[REFUSED] += 1

    def _by_rows(self, query: str) -> None:
        good, failing = [], []
        for row in range(ROWS):
            one = f"{query} WHERE k = {row}"
            given = self.trials.outcomes(one, quick=True)
            if all(g == FAILS for g in given):
                failing.append(row)
            else:
                good.append(row)
        if good:
            rows = ", ".join(map(str, good))
            where = f" WHERE k IN ({rows})" if len(good) < ROWS else ""
            self.trials.take(Case(f"{query}{where}"))
        for row in failing[:2]:
            self.trials.take(Case(f"{query} WHERE k = {row}"))


def run(
    trials: Trials,
    names: Sequence[str] | None = None,
    share: float = 1.0,
    seed: int = 1,
    after: str = "",
) -> None:
    """All pairs, or a share of them."""
    pairs, chance = Pairs(trials), random.Random(seed)
    for ways in expressions(names, after):
        if share >= 1 or chance.random() < share:
            pairs.take(ways)
    trials.settle()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    parser.add_argument("--after", help="only names behind this one, and the operators")
    parser.add_argument("--share", type=float, default=1.0)
    given = parser.parse_args()
    os.environ["SPARK_INTERPRETED"] = "yes"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        machines = [start(n, Path(folder)) for n in given.engines.split(",")]
        trials = Trials(machines, schemas(), batch=40)
        run(trials, given.names or None, given.share, after=given.after or "")
        for machine in machines:
            machine.close()
    told = ", ".join(f"{n:,} {what}" for what, n in sorted(trials.tally.items()))
    print(f"types: {told}; {time.monotonic() - began:,.0f} s")
    return bool(trials.tally[DIFFERENT])


if __name__ == "__main__":
    sys.exit(main())
