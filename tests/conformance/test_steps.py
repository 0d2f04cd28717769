"""Every example of every declarative step gives its rows on every engine, or is refused."""

from __future__ import annotations

import gc

import pytest
import step_suite

from penstock.errors import PenstockError
from penstock.transforms.examples import REFUSING

# PySpark leaves its sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module", params=["duckdb", "postgres", "spark"])
def bench(request, tmp_path_factory):
    """One engine after the other, as a run starts it."""
    if request.param == "postgres":
        pytest.importorskip("pgserver")
        pytest.importorskip("psycopg")
    if request.param == "spark":
        pytest.importorskip("pyspark")
    started = step_suite.Bench(request.param, tmp_path_factory.mktemp(f"steps_{request.param}"))
    yield started
    started.close()
    del started
    gc.collect()  # here, not in the middle of another test


def _wrong(bench, folder, one):
    """What is not as the example says; empty: nothing."""
    compilation = step_suite.compiled(folder, one, bench.name)
    errors = [d for d in compilation.diagnostics if d.severity == "error"]
    code = one.refused.get(bench.name)
    if code:
        told = [d.code for d in errors]
        if told != [code]:
            return [f"refused with {told}, not {code}"]
        return [] if errors[0].hint else ["refused without a hint"]
    if errors:
        return [f"{d.code} {d.message} | {d.hint}" for d in errors]
    try:
        made = bench.run(compilation.program, {"rows": one.given, **one.datasets})
    except PenstockError as error:
        return [f"failed: {error}"]
    wrong = step_suite.differences(step_suite.expected(one.result), made.rows)
    held = step_suite.differences(step_suite.expected(one.quarantined), made.held)
    if list(made.columns.items()) != list(one.result.columns.items()):
        wrong.append(f"columns {made.columns}")
    if made.types != made.wanted:
        wrong.append(f"types {made.types}, not {made.wanted}")
    if made.whole is not None:
        unchecked = [*made.rows, *made.held] if len(compilation.program.statements) == 1 else None
        told = step_suite.differences(unchecked or made.rows, made.whole)
        wrong += [f"in one query: {t}" for t in told]
    return wrong + [f"held: {h}" for h in held]


def test_an_engine_gives_the_rows_of_every_example(bench, tmp_path):
    told, ran = [], 0
    for step, examples in step_suite.all_examples().items():
        for one in step_suite.slice_of(bench.name, examples):
            ran += 1
            folder = tmp_path / str(ran)
            folder.mkdir()
            wrong = _wrong(bench, folder, one)
            if wrong:
                told.append("\n   ".join([f"{step}: {one.title}", *wrong[:8]]))
    assert not told, f"{bench.name}: {len(told)} of {ran} examples\n" + "\n".join(told)
    assert ran


def test_what_an_example_says_is_refused_is_of_an_engine_that_may_refuse():
    for step, examples in step_suite.all_examples().items():
        for one in examples:
            assert set(one.refused) <= set(REFUSING), f"{step}: {one.title}"
            assert all(c.startswith("PSK-PORT-") for c in one.refused.values())
