"""Reads DQDL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.quality.errors import ParsedRules


def parse_rules(text: str) -> ParsedRules:
    """Read one rule, several separated by commas, or a `Rules = [ … ]` document.

    Never raises. Errors come in the order of the text; rules without an error are returned.
    """
    raise NotImplementedError
