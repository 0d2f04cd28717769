"""How commands speak: results on stdout, all else on stderr, one JSON document with `--json`.

A command asks for `Output` with `@pass_output` and gives its result once, as text and as a
document. Errors are raised as `PenstockError`; `penstock.cli.main` renders them.
"""

from __future__ import annotations

import json
import math
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

import click

from penstock.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from penstock.diagnostics import Diagnostic


@dataclass
class Output:
    """Where a command's words go.

    Attributes:
        json: stdout holds one JSON document and nothing else.
        quiet: no progress and no notes on stderr; errors are still told.
        files: path → text of the definition's files, for the source lines under diagnostics.
    """

    json: bool = False
    quiet: bool = False
    files: dict[str, str] = field(default_factory=dict)
    _told: bool = False

    def result(self, text: str | Callable[[], str | None], document: Mapping[str, Any]) -> None:
        """Give the command's result: `document` with `--json`, else `text` (or what it returns)."""
        self._told = True
        if self.json:
            say(as_json(document))
            return
        with to_stdout():
            shown = text() if callable(text) else text
            if shown:
                click.echo(shown)

    def note(self, text: str) -> None:
        """Tell something by the way, on stderr; silent with `--quiet` or `--json`."""
        if not (self.quiet or self.json):
            click.echo(text, err=True)

    def diagnostics(
        self, found: Sequence[Diagnostic], files: Mapping[str, str] | None = None
    ) -> None:
        """Show diagnostics on stderr with their source lines; nothing with `--json`."""
        if self.json or not found:
            return
        shown = [d for d in found if d.severity == "error" or not self.quiet]
        if shown:
            from penstock.cli.render import render_diagnostics

            text = render_diagnostics(
                shown, {**self.files, **(files or {})}, color=color(sys.stderr)
            )
            click.echo(text, err=True)

    def error(self, error: PenstockError) -> None:
        """Show an error; with `--json` and no result given yet, as the document of the command."""
        found = error.diagnostics
        if self.json and not self._told:
            from penstock.diagnostics import SCHEMA

            document = {
                "schema": SCHEMA,
                "valid": False,
                "diagnostics": [d.as_json() for d in found],
                "error": {"code": error.code, "message": error.message, "hint": error.hint},
            }
            say(as_json(document))
            return
        self.diagnostics(found, getattr(error, "files", None))


class StdoutRefused(PenstockError):
    """Stdout could not be written; what the command does was done."""

    default_code = "PSK-CLI-005"


@contextmanager
def to_stdout() -> Iterator[None]:
    """Around what writes to stdout, so that its failing is not taken for that of the work.

    Raises:
        StdoutRefused: stdout cannot be written; a reader that went away is no such case.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StdoutRefused(
            f"stdout cannot be written: {(error.strerror or str(error)).lower()}",
            hint="what the command does was done; only its words are lost",
        ) from error


def say(text: str) -> None:
    """Write a text and a line's end to stdout."""
    with to_stdout():
        click.echo(text)


def as_json(value: object) -> str:
    """A value as JSON for people and programs; NaN, the infinities and odd keys become texts.

    >>> print(as_json({"a": float("nan"), "b": [-float("inf")], "c": {(1, 2): 3}}))
    {
      "a": "NaN",
      "b": [
        "-Infinity"
      ],
      "c": {
        "(1, 2)": 3
      }
    }
    """
    try:
        return _encode(value)
    except (ValueError, TypeError):  # rare, and it takes its time
        return _encode(_kept(value))


def _encode(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=plain, allow_nan=False)


def _kept(value: object) -> object:
    """What JSON has no word for, anywhere inside, as a text."""
    if isinstance(value, dict):
        return {_key(k): _kept(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kept(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _key(key: object) -> str | int | float | bool | None:
    if isinstance(key, float):
        return str(_kept(key))
    return key if key is None or isinstance(key, (str, int, bool)) else str(plain(key))


def plain(value: object) -> object:
    """A value JSON lacks, as one it has: decimals as numbers where that loses nothing.

    >>> from decimal import Decimal
    >>> plain(Decimal("2.50")), plain(Decimal("7")), plain(Decimal("0.1234567890123456789"))
    (2.5, 7, '0.1234567890123456789')
    """
    from datetime import date, datetime, time
    from decimal import Decimal

    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        if value == value.to_integral_value():
            return int(value)
        near = float(value)
        return near if Decimal(repr(near)) == value else str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def color(stream: TextIO) -> bool:
    """Whether to colour: a terminal, and neither NO_COLOR nor TERM=dumb (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


pass_output = click.make_pass_decorator(Output, ensure=True)
