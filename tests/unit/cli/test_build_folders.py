"""Where builds lie: each profile's by itself, since Terraform's state lies beside it."""

from __future__ import annotations

import pytest

from penstock.cli.build import build_for
from penstock.cli.output import Output

PIPELINE = """\
name: hooks
sources:
  events: {connector: s3, path: "s3://acme-raw/e.ndjson", schema: {id: bigint}}
targets:
  events_lake: {from: events, connector: lake, path: "s3://acme-lake/events"}
profiles:
  dev: {deploy: {architecture: lambda, environment: dev}}
  prod: {deploy: {architecture: lambda, environment: prod}}
"""


@pytest.mark.parametrize(
    ("profile", "sandbox", "folder"),
    [
        ("dev", False, "lambda-dev"),
        ("prod", False, "lambda-prod"),
        (None, False, "lambda"),
        ("prod", True, "sandbox"),
    ],
)
def test_each_profile_has_a_folder_of_its_own(tmp_path, monkeypatch, profile, sandbox, folder):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    made = []
    monkeypatch.setattr("penstock.deploy.build.build", lambda *a, **k: made.append((a, k)))
    build_for(Output(quiet=True), tmp_path, "lambda", None, profile, (), sandbox=sandbox)
    [(arguments, given)] = made
    assert arguments[3] == tmp_path / ".penstock" / "build" / folder
    assert given == {"here": sandbox}
