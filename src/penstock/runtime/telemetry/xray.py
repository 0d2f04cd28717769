"""X-Ray's trace header, and the trace ids that X-Ray takes.

`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`: the root's two parts
are the 32 digits of a W3C trace id, the first 8 the time in seconds
(https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader,
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html).
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

VARIABLE = "_X_AMZN_TRACE_ID"
"""Lambda sets it anew for each invocation."""
ATTRIBUTE = "AWSTraceHeader"
"""The system attribute of an SQS message that carries a header."""
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A span elsewhere that this one's is a child of.

    Attributes:
        trace: 32 hexadecimal digits.
        span: 16 hexadecimal digits.
        sampled: whether spans of this trace are kept.
    """

    trace: str
    span: str
    sampled: bool


def read(header: str | None) -> Remote | None:
    """A header; None where there is none, or where it does not tell a parent.

    >>> read("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    Remote(trace='5759e988bd862e3fe1be46a994272793', span='53995c3f42cd8ad8', sampled=True)
    >>> read("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
    """
    parts = dict(p.strip().partition("=")[::2] for p in (header or "").split(";"))
    root = _ROOT.fullmatch(parts.get("Root", ""))
    parent = parts.get("Parent", "")
    if root is None or not _PARENT.fullmatch(parent):
        return None
    return Remote(root[1] + root[2], parent, parts.get("Sampled") == "1")


def header(remote: Remote) -> str:
    """The header of a span.

    >>> header(Remote("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8", True))
    'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
    """
    root = f"1-{remote.trace[:8]}-{remote.trace[8:]}"
    return f"Root={root};Parent={remote.span};Sampled={int(remote.sampled)}"


def message_attributes(text: str | None) -> dict[str, Any]:
    """`MessageSystemAttributes` of an SQS message that passes a header on; empty without one.

    >>> message_attributes("Root=1-…")
    {'AWSTraceHeader': {'StringValue': 'Root=1-…', 'DataType': 'String'}}
    """
    return {ATTRIBUTE: {"StringValue": text, "DataType": "String"}} if text else {}


def new_trace_id() -> int:
    """A trace id that begins with the time, as X-Ray wants it."""
    return (int(time.time()) << 96) | secrets.randbits(96)


def new_span_id() -> int:
    """A span id, never 0."""
    return secrets.randbits(63) + 1
