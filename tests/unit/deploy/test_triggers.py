"""What starts a pipeline, as the Terraform of architecture 1 takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.deploy.architectures.serverless_lambda.architecture import _trigger, _webhook
from penstock.errors import BuildError
from penstock.program import Program, Read
from penstock.spec.trigger import Trigger

PROGRAM = Program(
    "orders",
    "duckdb",
    reads=(
        Read("sent", "webhook", {"path": "/orders", "signature": {"secret": "${secret.HOOK}"}}, ()),
        Read("rates", "rest", {"headers": {"Authorization": "${secret.TOKEN}"}}, ()),
        Read("files", "s3", {"path": "s3://acme-in/orders/*.csv"}, ()),
    ),
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"every": "15 minutes"}, {"schedule": "rate(15 minutes)", "timezone": "UTC"}),
        ({"files": "files"}, {"files": [{"bucket": "acme-in", "prefix": "orders/"}]}),
        ({"files": "sent"}, {"events": True}),
        ({"webhook": {"path": "/orders"}}, {"events": True}),
    ],
)
def test_triggers_that_there_are(given, found):
    assert _trigger(Trigger.model_validate(given), PROGRAM) == found


def test_nothing_starts_it_but_a_hand():
    assert _trigger(None, PROGRAM) == {}
    assert _webhook(None, replace(PROGRAM, reads=PROGRAM.reads[1:])) is None


def test_a_webhook_knows_the_secrets_of_its_source_and_of_no_other():
    trigger = Trigger.model_validate({"webhook": {"path": "/orders", "method": "PUT"}})
    assert _webhook(trigger, PROGRAM) == {
        "paths": ["/orders"],
        "method": "PUT",
        "secret_names": ["HOOK"],
    }


def test_a_webhook_that_nothing_reads_is_told():
    trigger = Trigger.model_validate({"webhook": {"path": "/orders"}})
    with pytest.raises(BuildError, match="no source with the connector `webhook`"):
        _trigger(trigger, replace(PROGRAM, reads=PROGRAM.reads[1:]))


def test_an_inbox_elsewhere_is_told():
    read = replace(PROGRAM.reads[0], options={"path": "/orders", "inbox": "s3://acme-in/inbox"})
    with pytest.raises(BuildError, match="an inbox of its own"):
        _webhook(None, replace(PROGRAM, reads=(read,)))


def test_a_stream_is_refused():
    with pytest.raises(BuildError) as told:
        _trigger(Trigger(stream=True), PROGRAM)
    assert told.value.code == "PSK-BLD-006"
    assert "webhook" in (told.value.hint or "")
