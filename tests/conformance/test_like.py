"""LIKE and ILIKE give what their definition says, on every engine."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

import re

import nasty
import pytest

from penstock.dialects.portable import Refusal, prepare
from penstock.letters import tables

INTERPRETED = True

SMALL = str.maketrans(dict(zip(*tables("lower"), strict=True)))
TEXTS = dict(zip(*(nasty.T["t_str"].column(c).to_pylist() for c in ("id", "s")), strict=True))

# The operator as it is written, and what it means as Python's regular expression.
CASES = [
    ("LIKE 'a%'", "a.*"),
    ("LIKE '%a%'", ".*a.*"),
    ("LIKE '_'", "."),
    ("LIKE '_____'", "....."),
    (r"LIKE 'a\b'", r"a\\b"),
    (r"LIKE '%\%'", r".*\\.*"),
    ("LIKE 'a_b'", "a.b"),
    ("LIKE 'a!_b' ESCAPE '!'", "a_b"),
    ("LIKE '100x%' ESCAPE 'x'", "100%"),
    (r"LIKE 'a\\b' ESCAPE '\'", r"a\\b"),
    ("LIKE '%O''B%'", ".*O'B.*"),
    ("LIKE ''", ""),
    ("LIKE '%'", ".*"),
    ("LIKE '%b%' ESCAPE ''", ".*b.*"),
    ("LIKE '_Tab_'", ".Tab."),
    ("LIKE '%!b' ESCAPE '!'", ".*b"),
    ("ILIKE 'Z%'", "z.*"),
    ("ILIKE 'i%'", "i.*"),
    ("ILIKE 'ÉCLAIR'", "éclair"),
    ("ILIKE 'ας'", "ας"),
    ("ILIKE 'ΑΣ'", "ασ"),
    ("ILIKE '%STRASSE%'", ".*strasse.*"),
    ("ILIKE 'straẞe'", "straße"),
    ("ILIKE '%X100_' ESCAPE '_'", None),
    ("ILIKE '%!' ESCAPE '!'", None),
]


def meant(text: str | None, operator: str, pattern: str) -> str:
    if text is None:
        return "null"
    if operator.startswith("ILIKE"):
        text = text.translate(SMALL)
    return "true" if re.fullmatch(pattern, text, re.DOTALL) else "false"


def test_like(machine) -> None:
    for operator, pattern in CASES:
        if pattern is None:
            continue
        for word, swap in (("", {}), ("NOT ", {"true": "false", "false": "true"})):
            query = f"SELECT id, s {word}{operator} AS v FROM t_str"
            sql = prepare(query, nasty.schemas()).render(machine.name)
            found = {int(i): v for i, v in machine.rows(sql)}
            wanted = {i: meant(s, operator, pattern) for i, s in TEXTS.items()}
            assert found == {i: swap.get(v, v) for i, v in wanted.items()}, query


@pytest.mark.parametrize("operator", [o for o, p in CASES if p is None] + ["LIKE 'a' ESCAPE 'ab'"])
def test_an_escape_that_escapes_nothing_is_refused(operator: str) -> None:
    with pytest.raises(Refusal):
        prepare(f"SELECT s {operator} AS v FROM t_str", nasty.schemas()).render("duckdb")
