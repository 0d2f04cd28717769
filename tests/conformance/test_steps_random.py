"""Every example's step over random rows: DuckDB and PostgreSQL give the same, or both fail."""

from __future__ import annotations

import random
import zlib
from collections import Counter

import pytest
import step_rows
import step_suite
from suite import WHOLE

from penstock.errors import PenstockError

ENGINES = ("duckdb", "postgres")
ROUNDS = 4 if WHOLE else 1


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """Both engines, and DuckDB with the portable meaning of what it is given."""
    pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    with pytest.MonkeyPatch.context() as patch:
        step_suite.portable_everywhere(patch)
        started = {n: step_suite.Bench(n, tmp_path_factory.mktemp(n)) for n in ENGINES}
        yield started
        for each in started.values():
            each.close()


def _made(bench, program, given):
    try:
        return bench.run(program, given)
    except PenstockError as error:
        return f"failed: {error}"


def _wrong(outcomes):
    """How the outcomes of an example differ; empty: they do not."""
    a, b = (outcomes[n] for n in ENGINES)
    if isinstance(a, str) and isinstance(b, str):
        return []
    if isinstance(a, str) or isinstance(b, str):
        return [f"{n}: {o if isinstance(o, str) else o.rows}" for n, o in outcomes.items()]
    wrong = step_suite.differences(a.rows, b.rows)
    wrong += [f"held: {d}" for d in step_suite.differences(a.held, b.held)]
    return wrong + ([f"{a.counted}, and {b.counted}"] if a.counted != b.counted else [])


def test_two_engines_give_the_same_of_random_rows(benches, tmp_path):
    told, ran = [], Counter()
    for step, examples in step_suite.all_examples().items():
        asked = [e for e in examples if not set(e.refused) & set(ENGINES)]
        for one in asked if WHOLE else asked[-1:]:
            programs = {}
            for name in ENGINES:
                folder = tmp_path / f"{name}{ran['examples']}"
                folder.mkdir()
                programs[name] = step_suite.compiled(folder, one, name).program
            ran["examples"] += 1
            for turn in range(ROUNDS):
                # The same rows every time, so that a red run is red again.
                chance = random.Random(zlib.crc32(f"{step} {one.title} {turn}".encode()))
                given = {
                    name: step_rows.random_rows(chance, like)
                    for name, like in {step_suite.SOURCE: one.given, **one.datasets}.items()
                }
                outcomes = {n: _made(benches[n], programs[n], given) for n in ENGINES}
                ran["made"] += not any(isinstance(o, str) for o in outcomes.values())
                wrong = _wrong(outcomes)
                if wrong:
                    rows = {name: data.rows for name, data in given.items()}
                    told.append("\n   ".join([f"{step}: {one.title}", str(rows), *wrong[:4]]))
    assert not told, f"{len(told)} of {ran['examples'] * ROUNDS}\n" + "\n".join(told)
    # Rows of chance break rules that fail a run; most must not, or nothing is compared.
    assert ran["made"] > ran["examples"] * ROUNDS / 2
