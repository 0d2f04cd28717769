"""`penstock cost`, and what `validate` says of an architecture's limits."""

from __future__ import annotations

import re

import pytest

KEYS = {
    "schema",
    "pipeline",
    "architecture",
    "currency",
    "prices",
    "volume",
    "assumptions",
    "per_run",
    "per_month",
    "idle_per_month",
    "sizes",
    "largest_run_bytes",
    "break_even",
    "not_priced",
    "diagnostics",
}


def origin(document, name):
    (found,) = [a for a in document["assumptions"] if a["name"] == name]
    return found["origin"]


def test_the_document_of_a_pipeline_that_ran(shop):
    assert shop("run").code == 0
    done = shop("cost", "--architecture", "lambda", "--json")
    assert (done.code, done.err) == (0, "")
    found = done.document
    assert found.keys() == KEYS
    assert (found["schema"], found["pipeline"]) == ("penstock.cost/1", "shop")
    assert (found["architecture"], found["currency"]) == ("lambda", "USD")

    report = shop("runs", "show", "latest", "--json").document
    sources = [d for d in report["datasets"].values() if d["kind"] == "source"]
    assert found["volume"]["bytes_in"] == sum(d["bytes"] for d in sources)
    assert found["volume"]["rows_in"] == sum(d["rows_in"] for d in sources)
    assert found["volume"]["peak_memory_bytes"] == report["peak_memory_bytes"]
    assert found["volume"]["measured_runs"] == 1
    assert origin(found, "read by a run") == "measured"
    assert origin(found, "runs a day") == "assumed"

    for bill in (found["per_run"], found["per_month"], found["idle_per_month"]):
        assert bill["usd"] == pytest.approx(sum(i["usd"] for i in bill["items"]))
        for item in bill["items"]:
            assert item["usd"] == pytest.approx(item["quantity"] * item["unit_usd"], abs=1e-9)
            assert item["as_of"]
            assert item["source"]
    assert found["per_month"]["usd"] > found["idle_per_month"]["usd"] > 0
    assert [s["gb_per_day"] for s in found["sizes"]] == [1, 10, 100]
    assert {b["against"] for b in found["break_even"]} == {"Fargate, always on", "Glue jobs"}


def test_what_is_asked_for_counts_rather_than_what_was_measured(shop):
    found = shop("cost", "--gb-per-day", "12", "--runs-per-day", "4", "--json").document
    assert found["volume"]["bytes_in"] == 3_000_000_000
    assert found["volume"]["gb_per_day"] == 12
    assert found["volume"]["measured_runs"] == 0
    assert origin(found, "read a day") == origin(found, "runs a day") == "asked"
    assert origin(found, "speed of a worker") == "assumed"


def test_the_trigger_says_how_often(shop):
    shop.edit("variables:", "trigger: {every: 15 minutes}\nvariables:")
    found = shop("cost", "--gb-per-day", "1", "--json").document
    assert found["volume"]["runs_per_day"] == 96
    assert any(i["what"] == "schedule" for i in found["per_run"]["items"])


def test_settings_of_the_profile_and_of_the_command_line(shop):
    text = (shop.root / "pipeline.yaml").read_text()
    profile = "profiles:\n  prod:\n    deploy: {architecture: lambda, settings: {memory: 1024}}\n"
    shop.write("pipeline.yaml", text + profile)

    def memory(*args):
        found = shop("cost", "--gb-per-day", "1", *args, "--json").document["assumptions"]
        return next(a for a in found if a["name"] == "functions")["value"].partition(" ")[0]

    assert memory() == "3,008"
    assert memory("--profile", "prod") == "1,024"
    assert memory("--profile", "prod", "--setting", "memory=2048") == "2,048"


@pytest.mark.parametrize("columns", [80, 120])
def test_what_people_read_fits_their_terminal(shop, columns):
    assert shop("run").code == 0
    args = ("--zones", "2", "--customer-key")
    done = shop("cost", *args, env={"COLUMNS": str(columns)})
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= columns
    for words in (
        "shop on architecture 1, serverless ETL with Lambda: $",
        "without any run",
        "What it is made of",
        "interface endpoints",
        "At other volumes",
        "When a warmer choice costs no more",
        "What this rests on",
        "measured",
        "assumed",
        "Not priced",
        "Redshift Data API",
    ):
        assert words in done.out
    assert "Traceback" not in done.out
    assert not re.search(r"\de[-+]\d", done.out)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--architecture", "lamda"], "PSK-COST-001", "did you mean `lambda`?"),
        (["--architecture", "glue"], "PSK-COST-001", "cannot be worked out yet"),
        (["--architecture", "mainframe"], "PSK-COST-001", "architectures: containers, database"),
        ([], "PSK-COST-002", "--gb-per-day 1"),
        (["--gb-per-day", "-1"], "PSK-COST-003", "more than 0"),
        (["--gb-per-day", "nan"], "PSK-COST-003", "more than 0"),
        (["--gb-per-day", "1", "--runs-per-day", "0"], "PSK-COST-003", "more than 0"),
        (["--gb-per-day", "1", "--setting", "memroy=1"], "PSK-COST-003", "did you mean `memory`?"),
        (["--gb-per-day", "1", "--setting", "memory=1"], "PSK-COST-003", "from 128 to 10,240"),
        (["--gb-per-day", "1", "--setting", "memory"], "PSK-CLI-001", "NAME=VALUE"),
        (["--gb-per-day", "much"], "PSK-CLI-001", "much"),
    ],
)
def test_what_cannot_be_worked_out_is_told_in_words(shop, args, code, words):
    done = shop("cost", *args)
    assert done.code == 2
    assert done.out == ""
    assert f"error[{code}]" in done.err
    assert words in done.err


def test_no_run_has_read_anything_as_json(shop):
    done = shop("cost", "--json")
    assert done.code == 2
    assert done.document["error"]["code"] == "PSK-COST-002"


def test_validate_warns_where_the_architecture_does_not_fit_what_ran(shop):
    shop.edit("variables:", "deploy: {architecture: lambda, settings: {timeout: 21}}\nvariables:")
    uncut = ["PSK-PORT-004"]  # said of this pipeline whatever its volume: it runs in one worker
    assert shop("validate", "--json").codes == uncut  # nothing is known of its volume
    assert shop("run").code == 0
    for _ in range(2):  # anew, and recalled
        done = shop("validate", "--json")
        assert done.code == 0
        assert done.document["valid"]
        (told,) = [d for d in done.document["diagnostics"] if d["code"] not in uncut]
        assert (told["code"], told["severity"]) == ("PSK-COST-010", "warning")
        assert "of 21 s has 1 s" in told["message"]
    shop.edit(", settings: {timeout: 21}", "")
    assert shop("validate", "--json").codes == uncut


def test_validate_tells_of_a_setting_that_is_none(shop):
    shop.edit("variables:", "deploy: {architecture: lambda, settings: {memroy: 1}}\nvariables:")
    done = shop("validate")
    assert done.code == 0
    assert "warning[PSK-COST-003]" in done.err
    assert "did you mean `memory`?" in done.err


def test_a_broken_definition_has_no_cost(shop):
    shop.edit("connector: lake", "connector: lakes")
    done = shop("cost", "--gb-per-day", "1")
    assert done.code == 3
    assert "lakes" in done.err
