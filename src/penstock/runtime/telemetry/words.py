"""What of an error or a message may leave the process: no secret's value, and no row's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.runtime.references import SECRET_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_WORDS = frozenset({"PSK-RUN-015"})
"""Errors whose quotes are the definition's: a rule. In any other an engine may quote a value."""
FOREIGN_WORDS = frozenset({"PSK-PY-020", "PSK-BUG-001", "PSK-FN-009"})
"""Errors with the text of somebody else's exception: only its type is told."""
MASK = "…"
# From the first sign to the last: a value may hold one itself, and a text cut short half of one.
_QUOTED = re.compile(r"""'.*'|".*\"""", re.DOTALL)
_EXCEPTION = re.compile(r"(\b[A-Za-z_]\w*)(: (?P<text>.*))", re.DOTALL)
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")


class Discreet:
    """Takes out of texts what is not to be told.

    Args:
        environment: where the values of secrets are.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, text: str, code: str | None = None) -> str:
        """A text without secrets.

        Args:
            code: of an error whose message it is: without what that quotes.

        >>> words = Discreet({"PENSTOCK_SECRET_DB": "hunter2"})
        >>> words.text("postgres://me:hunter2@db refused hunter2")
        'postgres://…@db refused …'
        >>> words.text("could not convert 'Ann Lee' to integer in `age`", "PSK-RUN-022")
        'could not convert … to integer in `age`'
        >>> words.text("in `score`: ValueError: no age for Ann Lee", "PSK-PY-020")
        'in `score`: ValueError: …'
        """
        text = _USER_INFO.sub(f"{MASK}@", text)
        for name, value in self._environment.items():
            if value and name.startswith(SECRET_PREFIX):
                text = text.replace(value, MASK)
        if code is None or code in OWN_WORDS:
            return text
        if code in FOREIGN_WORDS:
            return _EXCEPTION.sub(rf"\1: {MASK}", text, count=1)
        return _QUOTED.sub(MASK, text)
