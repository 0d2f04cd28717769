"""Signatures as services make them: their own published examples, and everything that is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from penstock.runtime.sources.webhook.options import Signature, Timestamp, built
from penstock.runtime.sources.webhook.signing import NotSigned, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"id": 1}'


def signed(secret, message, algorithm="sha256"):
    return hmac.new(secret.encode(), message, getattr(hashlib, algorithm)).hexdigest()


def accepted(signature, headers, body=BODY, now=NOW):
    try:
        verify(signature, headers, body, now)
    except NotSigned:
        return False
    return True


def test_the_example_of_github():
    """docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries."""
    signature = Signature("It's a Secret to Everybody", "X-Hub-Signature-256", prefix="sha256=")
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert accepted(signature, {"x-hub-signature-256": told}, b"Hello, World!")
    assert not accepted(signature, {"x-hub-signature-256": told}, b"Hello, World")
    assert not accepted(signature, {"x-hub-signature-256": told[7:]}, b"Hello, World!")


def slack(secret="8f74", tolerance=None):
    stamp = Timestamp("X-Slack-Request-Timestamp", tolerance=tolerance)
    return Signature(
        secret, "X-Slack-Signature", prefix="v0=", payload="v0:{timestamp}:{body}", timestamp=stamp
    )


def test_a_time_is_signed_with_the_body_and_may_not_be_old():
    at = int(NOW.timestamp())
    headers = {
        "x-slack-request-timestamp": str(at),
        "x-slack-signature": "v0=" + signed("8f74", b"v0:%d:" % at + BODY),
    }
    assert accepted(slack(), headers)
    for minutes, good in ((4, True), (-4, True), (6, False), (-6, False)):
        assert accepted(slack(), headers, now=NOW + timedelta(minutes=minutes)) is good
    assert accepted(slack(tolerance="1 hour"), headers, now=NOW + timedelta(minutes=59))
    assert not accepted(slack(), {**headers, "x-slack-request-timestamp": str(at + 1)})
    assert not accepted(slack(), {"x-slack-signature": headers["x-slack-signature"]})
    for odd in ("soon", "", "1e999", "-5", "9" * 40):
        assert not accepted(slack(), {**headers, "x-slack-request-timestamp": odd})


def test_several_signatures_and_the_time_in_one_header():
    """As Stripe does: docs.stripe.com/webhooks/signature."""
    signature = Signature(
        "whsec", "Stripe-Signature", prefix="v1=", timestamp=Timestamp("Stripe-Signature", "t=")
    )
    at = int(NOW.timestamp())
    good = signed("whsec", b"%d." % at + BODY)
    assert accepted(signature, {"stripe-signature": f"t={at},v1={good},v0=12"})
    assert accepted(signature, {"stripe-signature": f"t={at},v1={'0' * 64},v1={good}"})
    assert not accepted(signature, {"stripe-signature": f"t={at},v0={good}"})
    assert not accepted(signature, {"stripe-signature": f"t={at - 1},v1={good}"})


@pytest.mark.parametrize(
    "at", ["2026-03-01T12:01:00Z", "2026-03-01T13:01:00+01:00", str(int(NOW.timestamp() * 1000))]
)
def test_times_as_they_are_written(at):
    signature = Signature("k", "S", timestamp=Timestamp("T"))
    told = signed("k", at.encode() + b"." + BODY)
    assert accepted(signature, {"s": told, "t": at})


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_algorithms_and_encodings(algorithm):
    told = signed("k", BODY, algorithm)
    as_base64 = base64.b64encode(bytes.fromhex(told)).decode()
    assert accepted(Signature("k", "S", algorithm=algorithm), {"s": told.upper()})
    assert accepted(Signature("k", "S", algorithm=algorithm, encoding="base64"), {"s": as_base64})
    assert not accepted(Signature("k", "S", algorithm=algorithm), {"s": as_base64})


def test_two_secrets_while_one_is_changed():
    both = Signature("new", "S", previous="old")
    assert accepted(both, {"s": signed("new", BODY)})
    assert accepted(both, {"s": signed("old", BODY)})
    assert not accepted(both, {"s": signed("older", BODY)})


def test_a_secret_without_a_value_opens_nothing():
    assert not accepted(Signature("", "S"), {"s": signed("", BODY)})
    assert not accepted(Signature("k", "S", previous=""), {"s": signed("", BODY)})


@pytest.mark.parametrize("told", ["", " ", "x" * 64, "é", "0" * 63, "0" * 100_000])
def test_what_is_no_signature(told):
    assert not accepted(Signature("k", "S"), {"s": told})
    assert not accepted(Signature("k", "S", encoding="base64"), {"s": told})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"payload": "{timestamp}"}, "has `{body}` in it"),
        ({"payload": "{timestamp}.{body}"}, "go together"),
        ({"payload": "{body}", "timestamp": {"header": "T"}}, "go together"),
    ],
)
def test_signatures_that_prove_nothing_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        built({"path": "/x", "signature": {"secret": "k", "header": "S", **given}})
