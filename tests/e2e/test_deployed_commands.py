"""Commands that look into a deployment, and change what it shows: over functions on moto."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from commands import forked
from dying import a_minute_passes, dies
from functions import BUCKET

from penstock.deploy.operate import deployments
from penstock.deploy.operate.deployments import Deployment
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.storage import open_store

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)


@pytest.fixture
def deployed(case):
    """A pipeline that was deployed as `prod` and has run, and the command in its folder."""
    made = case()
    root = made.folder / "functions" / "definition"
    outputs = {
        "ledger": made.functions.environment["PENSTOCK_LEDGER"],
        "work": f"{BUCKET}/{made.prefix}/work",
    }
    deployments.keep(
        root,
        Deployment(
            "prod", "flights", "lambda", "us-east-1", made.functions.program.digest, str(root),
            outputs=outputs,
        ),
    )  # fmt: skip
    run(made)

    def penstock(*words, code=0):
        done = forked(*words, "--profile", "prod", folder=root, env={**os.environ, "NO_COLOR": "1"})
        assert done.code == code, done.out + done.err
        assert "Traceback" not in done.err
        return done

    return made, penstock


def run(made):
    assert made.functions.plan()["status"] == "planned"
    made.functions.drain()


def test_the_quarantine_of_a_deployment(deployed, tmp_path):
    made, penstock = deployed
    told = penstock("quarantine", "list", "--json").document
    assert told["total"] == 2
    assert {(g["dataset"], g["rows"]) for g in told["groups"]} == {("flights", 1), ("clean", 1)}
    assert {g["run_id"] for g in told["groups"]} == {made.functions.runs()[0].run_id}
    (row,) = penstock("quarantine", "show", "--dataset", "clean", "--json").document["rows"]
    assert json.loads(row["row"])["flight"] == -4
    assert 'breaks ColumnValues "flight" > 0' in row["reason"]
    to = tmp_path / "held.csv"
    penstock("quarantine", "export", "--output", str(to))
    assert len(to.read_text().splitlines()) == 3
    # As many as a run here sets aside.
    counts = made.local()[0]["datasets"]
    assert counts["flights"]["rejected"] + counts["clean"]["quarantined"] == 2
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,-8,JFK,9\n")
    run(made)
    assert penstock("quarantine", "list", "--json").document["total"] == 3
    only = penstock("quarantine", "list", "--run", told["groups"][0]["run_id"], "--json").document
    assert only["total"] == 2


def test_what_a_killed_worker_set_aside_does_not_count(deployed):
    made, penstock = deployed
    run_id = made.functions.runs()[0].run_id
    held = [e.path for e in made.functions.store.list(f"work/flights/{run_id}/1/held")]
    rows = next(path for path in held if path.endswith(".ndjson.gz"))
    made.functions.store.put(
        f"work/flights/{run_id}/1/held/00009deadbeef/clean-rows.ndjson.gz",
        made.functions.store.read(rows),
    )
    assert penstock("quarantine", "list", "--json").document["total"] == 2


def test_rows_that_are_not_kept_any_more_are_told_of(deployed):
    made, penstock = deployed
    left = [e.path for e in made.functions.store.list("work/flights")]
    made.functions.store.delete(left)
    done = penstock("quarantine", "list")
    assert "nothing is in quarantine" in done.out
    assert "1 older run set rows aside that the work bucket does not keep any more" in done.err


def test_two_versions_of_a_deployed_table_and_back_to_the_first(deployed):
    made, penstock = deployed
    first = made.published()
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    run(made)
    second = made.published()
    found = penstock("diff", "all", "--json").document
    assert (found["rows_before"], found["added"], found["removed"]) == (4, 1, 0)

    assert penstock("rollback", "all", found["a"], "--reason", "a test", "--json").document[
        "changed"
    ]
    assert made.published()["all"] == first["all"]
    assert made.published()["late"] == second["late"]
    assert not (made.folder / "functions" / "definition" / ".penstock" / "runs").exists()
    back = penstock("rollback", "all", found["b"], "--json").document
    assert made.published() == second
    assert not penstock("rollback", "all", back["version"], "--json").document["changed"]
    # The functions find the tables as the ledger says they are.
    assert made.functions.plan()["status"] == "skipped"
    made.put("in/e.csv", "carrier,flight,dest,delay\ngg,9,JFK,9\n")
    run(made)
    assert made.published() == made.local()[1]


def test_a_run_that_was_cut_off_is_the_planners_to_finish(deployed):
    made, penstock = deployed
    assert "has no version before" in penstock("diff", "late", code=2).err
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    assert made.functions.plan()["status"] == "planned"
    ((which, body),) = made.functions.waiting()
    assert made.functions.deliver(which, body) == []
    ((which, body),) = made.functions.waiting()
    dies(made, which, body, "penstock.runtime.targets.lake.target:LakeTarget.commit", "after")
    first = made.functions.runs()[1].run_id
    assert "another run has the lock" in penstock("rollback", "all", first, code=1).err
    _everything_of_it_is_dead(made)
    told = penstock("rollback", "all", first, code=1).err
    assert "was cut off while it published" in told
    assert "its planner finishes that run" in told
    assert made.functions.plan()["status"] == "skipped"
    same_as_local_after_two(made)
    assert penstock("rollback", "all", first, "--json").document["changed"]


def _everything_of_it_is_dead(made):
    """The lease of its lock has passed."""
    work = open_store(f"{made.functions.environment['PENSTOCK_WORK']}/flights", made.folder)
    latest = made.functions.runs()[0]
    ledger = made.functions.ledger()
    ledger.release(WorkFolder(work, latest.run_id, latest.attempt).plan().lock)
    ledger.close()
    a_minute_passes(made)


def same_as_local_after_two(made):
    assert made.functions.runs()[0].status == "succeeded"
    assert made.published() == made.local()[1]


def test_nothing_was_deployed_under_that_name(deployed):
    made, _ = deployed
    root = made.folder / "functions" / "definition"
    found = deployments.find(root, "prod")
    deployments.keep(root, replace(found, name="prd"))
    deployments.forget(root, "prod")
    for words in (["quarantine", "list"], ["diff", "all"], ["rollback", "all", "1"]):
        done = forked(*words, "--profile", "prod", folder=root, env=dict(os.environ))
        assert done.code == 2
        assert "nothing was deployed as `prod`" in done.err
