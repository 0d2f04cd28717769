"""The sections about starting, watching and deploying, and the ways to make a dataset."""

from __future__ import annotations

import pytest

from penstock.quantities import seconds, size


@pytest.mark.parametrize(
    "text",
    [
        'schedule: "15 2 * * *"', 'schedule: "*/15 8-18 1,15 JAN-MAR MON-FRI"', 'schedule: "0 0 * * 7"',
        'schedule: "5-59/10 * * * *"', "every: 15 minutes", "every: 1 day",
        'schedule: "0 0 * * *", timezone: Europe/Berlin', "files: a", "webhook: {path: /flights}",
        "stream: true",
    ],
)  # fmt: skip
def test_triggers(told, text: str):
    assert told(f"sources: {{a: {{connector: file, path: x.csv}}}}\ntrigger: {{{text}}}\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('schedule: "15 2 * *"', "has 4"), ('schedule: "60 2 * * *"', "`60` is not a minute"),
        ('schedule: "0 24 * * *"', "`24` is not a hour"), ('schedule: "0 0 0 * *"', "day of the month"),
        ('schedule: "0 0 * 13 *"', "is not a month"), ('schedule: "0 0 * * 8"', "day of the week"),
        ('schedule: "0 0 * FOO *"', "JAN to DEC"), ('schedule: "9-5 * * * *"', "runs backwards"),
        ('schedule: "*/0 * * * *"', "the step"), ('schedule: "x/y * * * *"', "is not a minute"),
        ('schedule: "@daily"', "has 1"), ('schedule: "0 0 L * *"', "day of the month"),
        ("every: 90 seconds", "whole minutes"), ("every: often", "is not a duration"),
        ("every: 15", "needs a unit"), ("every: 0 minutes", "longer than nothing"),
        ('schedule: "0 0 * * *", timezone: Europe/Berln', "did you mean `Europe/Berlin`?"),
        ("every: 1 hour, timezone: UTC", "goes with `schedule`"),
        ('schedule: "0 0 * * *", stream: true', "`schedule` and `stream`"), ("{}", "here is none"),
        ("webhook: {path: flights}", "such as `/flights`"), ("stream: false", "known: true"),
    ],
)  # fmt: skip
def test_triggers_that_cannot_be(told, text: str, said: str):
    found = told(f"trigger: {{{text}}}\n" if text != "{}" else "trigger: {}\n")
    assert len(found) == 1
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts: [{on: [failed], email: a}]", "is not an e-mail address"),
        ("alerts: [{email: a@b, sns: x}]", "are several"),
        ("alerts: [{on: [], email: a@b}]", "may not be empty"),
        ("deploy: {region: us-east1}", "is not an AWS region"),
        ('deploy: {account: "12"}', "does not have the form"),
        ("governance: {masking: {personal: hide}}", "known: "),
        ("governance: {masking: {personal: {partial: {}}}}", "it shows nothing"),
        ("governance: {classification: {a: {b: secret}}}", "known: "),
        ("sla: {freshness: 26 hors}", "`hors` is not a unit of time"),
    ],
)
def test_operation_and_governance(told, text: str, said: str):
    source = "sources: {a: {connector: file, path: x.csv}}\n"
    found = told(source + text + "\n")
    assert len(found) == 1
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{from: b}", "here is none"),
        ("{sql: x, steps: [{filter: a}], from: b}", "`sql` and `steps`"),
        ("{sql: SELECT 1, from: b}", "`from` does not go with `sql`"),
        ("{steps: [{filter: a}]}", "`steps` needs `from`"),
        ("{python: 'a.py:f'}", "`python` needs `from`"),
        ("{from: b, python: score}", "is not FILE:FUNCTION"),
        ("{from: b, steps: [{filter: a}], schema: {a: int}}", "`schema` does not go with `steps`"),
        ("{sql: ''}", "it may not be empty"),
        ("{from: b, command: []}", "it may not be empty"),
        ("5", "must be a mapping"),
    ],
)
def test_transforms_that_cannot_be(told, entry: str, said: str):
    found = told(f"transforms: {{a: {entry}}}\n")
    assert len(found) == 1
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("mode: merge", "needs `keys`"),
        ("mode: overwrite_partitions", "needs `partition_by`"),
        ("keys: [a, a]", "`keys` names `a` twice"),
        ("mode: upsert", "cannot be the text `upsert`"),
    ],
)
def test_targets_that_cannot_be(told, entry: str, said: str):
    found = told(f"targets: {{t: {{from: a, connector: lake, path: lake, {entry}}}}}\n")
    assert len(found) == 1
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("text", "number"),
    [("26 hours", 93600), ("1 day 12 h", 129600), ("90s", 90), ("1.5 min", 90), ("2 weeks, 1 day", 1296000)],
)  # fmt: skip
def test_durations(text: str, number: float):
    assert seconds(text) == number


@pytest.mark.parametrize("text", ["", "hours", "5", "-1 day", "1 day and 2", "1 d 2 fortnights"])
def test_durations_that_are_none(text: str):
    with pytest.raises(ValueError, match="is not a"):
        seconds(text)


def test_sizes():
    assert (size("256 MB"), size("1KiB"), size("0.5 gb")) == (256_000_000, 1024, 500_000_000)
    with pytest.raises(ValueError, match="is not a size"):
        size("256")
