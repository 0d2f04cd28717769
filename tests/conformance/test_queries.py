"""Whole queries over the nasty tables: the same rows on every engine, or refused with a reason.

`expected/queries.txt` says of each on which engines it runs; `QUERIES_WRITE=1` writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import suite
import yaml
from machines import Failed

from penstock.dialects.portable import Refusal, prepare

HERE = Path(__file__).parent
QUERIES = yaml.safe_load((HERE / "queries.yaml").read_text())
STATES = suite.EXPECTED / "queries.txt"


def test_every_query_is_the_same_or_refused(nasty_data):
    import machines

    started = [
        machines.start(name, nasty_data, interpreted=not suite.WHOLE) for name in machines.asked()
    ]
    try:
        states, different = [], []
        for query in QUERIES:
            runs = []
            reference: list[str] | None = None
            for machine in started:
                try:
                    sql = prepare(query["sql"], suite.SCHEMAS).render(machine.name)
                except Refusal:
                    continue
                try:
                    rows = [" | ".join(row) for row in machine.rows(sql)]
                except Failed as error:
                    different.append(f"{query['id']} on {machine.name} fails: {error}\n{sql}")
                    continue
                rows = rows if query["ordered"] else sorted(rows)
                if reference is None:
                    reference = rows
                found = suite.differences(reference, rows)
                if found:
                    different.append(f"{query['id']} on {machine.name}: {found[:3]}\n{sql}")
                if machine.name not in runs:  # of two versions
                    runs.append(machine.name)
            states.append(f"{query['id']}: {', '.join(runs) or 'refused'}")
        assert not different, "\n".join(different)
        if os.environ.get("QUERIES_WRITE"):
            STATES.write_text("\n".join(states) + "\n")
        assert states == STATES.read_text().splitlines()
    finally:
        for machine in started:
            machine.close()
