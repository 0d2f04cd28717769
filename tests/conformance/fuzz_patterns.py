"""Random regular expressions over random texts, on every engine that does not refuse them.

    python tests/conformance/fuzz_patterns.py [--count 2000] [--seed 1] [--engines duckdb,postgres]

What an engine gives that another does not is a hole in `patterns_checks.py`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import pyarrow as pa
import pyarrow.parquet as pq
from machines import Failed, start

from penstock.dialects.portable import Refusal, prepare

SCHEMAS = {"t": {"i": "integer", "s": "varchar"}}
LETTERS = [*"aaabbbccd1 -\n", "é", "ß"]
ATOMS = [*"aabbcd1 -", "é"]
CLASSES = [
    "[ab]",
    "[^a]",
    "[b-d]",
    r"\d",
    r"\w",
    r"\s",
    r"\W",
    "[a-c1]",
    ".",
    "[^bc]",
    "[[:alpha:]]",
]
TIMES = ["*", "+", "?", "?", "{2}", "{1,2}", "{0,2}", "{2,}"]
CALLS = [
    "regexp_matches(s, '{p}')",
    "regexp_full_match(s, '{p}')",
    "regexp_extract(s, '{p}')",
    "regexp_extract(s, '{p}', 1)",
    "regexp_extract(s, '{p}', 2)",
    "regexp_extract_all(s, '{p}')",
    "regexp_extract_all(s, '{p}', 1)",
    r"regexp_replace(s, '{p}', '<\0>', 'g')",
    r"regexp_replace(s, '{p}', '<\1>')",
    r"regexp_replace(s, '{p}', '<\1\2>', 'g')",
    "regexp_split_to_array(s, '{p}')",
    "regexp_count(s, '{p}', 'i')",
]


class Maker:
    """Makes patterns."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def atom(self, depth: int) -> str:
        """A character, a class or a group."""
        chance = self.random.random()
        if chance < 0.45 or depth <= 0:
            return self.random.choice(ATOMS)
        if chance < 0.65:
            return self.random.choice(CLASSES)
        return f"({'' if self.random.random() < 0.6 else '?:'}{self.choice(depth - 1)})"

    def choice(self, depth: int) -> str:
        """One to three rows."""
        rows = []
        for _ in range(self.random.choice([1, 1, 1, 1, 2, 3])):
            atoms = [self.atom(depth) for _ in range(self.random.randrange(1, 5))]
            rows.append(
                "".join(
                    a + (self.random.choice(TIMES) if self.random.random() < 0.5 else "")
                    for a in atoms
                )
            )
        return "|".join(rows)

    def pattern(self) -> str:
        """A whole pattern."""
        made = self.choice(2)
        if "|" not in made:
            made = self.random.choice(["", "", "", "^"]) + made
            made += self.random.choice(["", "", "", "$"])
        return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    given = parser.parse_args()
    maker = Maker(given.seed)
    texts = {
        "".join(maker.random.choice(LETTERS) for _ in range(maker.random.randrange(9)))
        for _ in range(200)
    }
    ran = refused = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        table = pa.table({"i": pa.array(range(len(texts)), pa.int32()), "s": sorted(texts)})
        pq.write_table(table, Path(folder) / "t.parquet")
        engines = [start(name, Path(folder)) for name in given.engines.split(",")]
        for _ in range(given.count):
            call = maker.random.choice(CALLS).replace("{p}", maker.pattern())
            found = {}
            try:
                query = prepare(f"SELECT i, {call} AS v FROM t ORDER BY i", SCHEMAS)
                sql = {e.name: query.render(e.name) for e in engines}
            except Refusal:
                refused += 1
                continue
            ran += 1
            for engine in engines:
                try:
                    found[engine.name] = engine.rows(sql[engine.name])
                except Failed as error:
                    found[engine.name] = [[str(error)]]
            first = found[engines[0].name]
            for name, rows in found.items():
                if rows != first:
                    wrong += 1
                    pairs = zip(first, rows, strict=False)
                    example = next((p for p in pairs if p[0] != p[1]), (first[:1], rows[:1]))
                    print(f"{call} [{name}]: {example[0]} → {example[1]}")
        for engine in engines:
            engine.close()
    print(f"{ran} patterns ran, {refused} refused, {wrong} differences")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
