"""Puts the page together: template, style, script, and the run as JSON.

Data reaches the page only as JSON in a script element that no browser runs, and the script
puts it into the page only as text. The content security policy names the hashes of the one
script and the one style sheet, so that nothing else could run even if it got in, and nothing
can be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date, datetime, time
from functools import cache
from html import escape
from importlib import resources
from math import isfinite
from string import Template
from typing import Any

from penstock.observe.report.graph import draw_graph
from penstock.observe.summary import summary_text

SCRIPTS = ("dom", "format", "data", "sql", "lineage", "graph", "panel", "rows", "sections", "main")
LARGEST_INTEGER = 2**53 - 1  # JavaScript's numbers are doubles
ICON_COLOURS = {"succeeded": "%232c7a4b", "skipped": "%236b7280"}
ICON_BAD = "%23b3261e"


def render(report: dict[str, Any], program: dict[str, Any], extra: dict[str, Any]) -> str:
    """The HTML report of a run.

    Args:
        report: the run report (`penstock.run/1`).
        program: the Program as JSON (`penstock.program/1`).
        extra: `samples` [{dataset, rule, rows}], `rejected` [{dataset, file, line, reason, raw}]
            and `previous`, the report of the run before, or None.
    """
    style, script = _asset("style.css"), _script()
    data = {
        "report": report,
        "program": program,
        "extra": extra,
        "graph": draw_graph(report, program),
    }
    status = str(report.get("status", ""))
    return _template().substitute(
        policy=_policy(style, script),
        icon=ICON_COLOURS.get(status, ICON_BAD),
        title=_text(f"{report.get('pipeline', '')}: {status}"),
        style=style,
        data=embed(data),
        summary=_text(summary_text(report)),
        script=script,
    )


def embed(value: Any) -> str:
    r"""JSON that is safe inside a script element, whatever the data holds.

    >>> embed("</script><!-- \u2028")
    '"\\u003c/script\\u003e\\u003c!-- \\u2028"'
    """
    text = json.dumps(_plain(value), separators=(",", ":"), allow_nan=False)  # ASCII only
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: Any) -> Any:
    """Values as JSON can hold them without loss: what it cannot hold becomes text."""
    match value:
        case None | str() | bool():
            return value
        case int() | float():
            exact = abs(value) <= LARGEST_INTEGER if isinstance(value, int) else isfinite(value)
            return value if exact else str(value)
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return list(map(_plain, value))
        case bytes() | bytearray():
            return "0x" + value.hex()
    return value.isoformat() if isinstance(value, (datetime, date, time)) else str(value)


def _policy(style: str, script: str) -> str:
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(text: str) -> str:
    """Text of the page; a lone surrogate, which no file can hold, becomes a question mark."""
    return escape(text).encode("utf-8", "replace").decode()


@cache
def _script() -> str:
    parts = "\n".join(_asset(f"script/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(function () {{\n{parts}}})();\n'


@cache
def _template() -> Template:
    return Template(_asset("page.html"))


@cache
def _asset(name: str) -> str:
    return resources.files("penstock.observe.report").joinpath(name).read_text("utf-8")
