"""Queries of the suite with words taken out, doubled, exchanged: compiled, or told with a place.

`BROKEN=5000` tries more of them; `make fuzz` does. The same number gives the same texts.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import clause_suite
import suite
import yaml
from sqlglot import tokenize

from penstock import sql_size
from penstock.compiler.binder import Binder
from penstock.compiler.sqltext import read_model
from penstock.dialects.portable import Refusal, prepare, unknown_functions
from penstock.dialects.portable.engine import ENGINES
from penstock.program import Column

HERE = Path(__file__).parent
MANY = int(os.environ.get("BROKEN", "300"))
SECONDS = 10
# What is put in: words that begin or end something, and values that sit at an edge.
WORDS = """( ) [ ] { } , . ; : :: -> ->> => || * + - / = <> ! ? $1 $x @ # % ' " '' "" -- /* */ SELECT
FROM WHERE GROUP ORDER BY LIMIT HAVING QUALIFY WINDOW OVER PARTITION UNION ALL EXCEPT INTERSECT WITH
RECURSIVE AS ON USING JOIN LEFT FULL CROSS LATERAL ASOF PIVOT UNPIVOT CASE WHEN THEN ELSE END NOT AND
OR IN IS NULL LIKE BETWEEN EXISTS CAST TRY_CAST INTERVAL DATE TIMESTAMP DISTINCT FILTER FILL INTO
VALUES lambda NaN 0 -1 1e999 99999999999999999999 '\\' é 🎈 \x00 \t EXCLUDE REPLACE COLUMNS unnest
current_date now() random() DROP INSERT read_csv('x')""".split(" ")  # noqa: SIM905


def texts():
    """The queries that are broken."""
    found = [q["sql"] for q in yaml.safe_load((HERE / "queries.yaml").read_text())]
    found += [case.query for name in clause_suite.names() for case in clause_suite.cases(name)]
    return [text for text in found if len(text) < 2_000]


def broken(rng: random.Random, known: list[str]) -> str:
    """A query with one to four words of it changed."""
    text = rng.choice(known)
    try:
        places = [(t.start, t.end + 1) for t in tokenize(text, read="duckdb")]
    except ValueError:
        places = [(0, len(text))]
    for _ in range(rng.randint(1, 4)):
        start, end = rng.choice(places)
        word = text[start:end]
        other = rng.choice(known)
        cut = rng.randrange(len(other))
        text = rng.choice(
            (
                text[:start] + text[end:],
                text[:end] + " " + word + text[end:],
                text[:start] + rng.choice(WORDS) + text[end:],
                text[:start] + rng.choice(WORDS) + " " + text[start:],
                text[:start],
                text[:start] + other[cut : cut + rng.randint(1, 30)] + text[end:],
                text[:start] + "(" + text + ")" + text[end:] if len(text) < 500 else text[:end],
            )
        )
    return text


def tried(text: str, binder: Binder) -> None:
    """Compile a text as a model, and for every engine; what it says is looked at."""
    model, failures = read_model(text, lambda *_: None, binder)
    assert (model is None) == bool(failures)
    if model is not None:
        failures = list(binder.describe(model.text).failures)
    for failure in failures:
        assert failure.code.startswith("PSK-")
        assert failure.message
        assert failure.offset is None or 0 <= failure.offset <= len(text)
    try:
        prepared = prepare(text, suite.SCHEMAS)
        unknown_functions(text)
    except Refusal as refused:
        said(refused, text)
        return
    for engine in ENGINES:
        try:
            assert prepared.render(engine)
        except Refusal as refused:
            said(refused, text)


def said(refused: Refusal, text: str) -> None:
    """A refusal says something of a place in the text."""
    assert refused.code.startswith("PSK-")
    assert refused.message
    assert refused.offset is None or 0 <= refused.offset <= len(text)


def test_a_broken_query_is_told_or_compiled():
    sql_size.allow_depth()
    binder = Binder({})
    for name, columns in suite.SCHEMAS.items():
        binder.create(name, [Column(c, t) for c, t in columns.items()])
    known = texts()
    wrong = []
    for seed in range(MANY):
        text = broken(random.Random(seed), known)
        start = time.process_time()
        try:
            tried(text, binder)
        except Exception as error:  # noqa: BLE001 - any that is not a Refusal is a fault
            wrong.append(f"{seed}: {type(error).__name__}: {str(error)[:200]}\n{text!r}")
        seconds = time.process_time() - start
        if seconds > SECONDS:
            wrong.append(f"{seed}: {seconds:.0f} s\n{text!r}")
    binder.close()
    assert not wrong, f"{len(wrong)} of {MANY}\n" + "\n".join(wrong[:20])
