"""The examples of a step as Markdown: rows in, the step, rows out. Tests run the same files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from penstock.transforms.examples import examples
from reference.markdown import table

if TYPE_CHECKING:
    from penstock.transforms.examples import Example, Rows

# Text that reads in a table as it is.
_PLAIN = re.compile(r"[\w@/:.,;+-]+( [\w@/:.,;+-]+)*\Z")


def examples_of(step: str) -> list[str]:
    """The lines of a step's examples; none where it has none."""
    return [line for one in examples(step) for line in _example(one)]


def _example(one: Example) -> list[str]:
    lines = ["", f"**{one.title}**", "", _table(one.given)]
    for name, data in one.datasets.items():
        lines += ["", f"`{name}`:", "", _table(data)]
    for name, value in one.variables.items():
        lines += ["", f"`${name}` is {_shown(value)}."]
    lines += ["", "```yaml", one.step, "```", "", _table(one.result)]
    if one.quarantined.rows:
        lines += ["", "Held in quarantine:", "", _table(one.quarantined)]
    for engine, code in one.refused.items():
        lines += [
            "",
            f"Refused for the engine `{engine}`: [{code}](diagnostics.md#{code.lower()}).",
        ]
    return lines


def _table(data: Rows) -> str:
    head = [f"{name} ({type_name})" for name, type_name in data.columns.items()]
    if not data.rows:
        return f"No rows of {', '.join(head)}."
    return table(head, [[_shown(value) for value in row] for row in data.rows])


def _shown(value: Any) -> str:
    """A value in a table; text that Markdown or the eye would lose stands in quotes.

    >>> [_shown(v) for v in (None, True, 1.5, "SFO", " x", "", "*")]
    ['NULL', 'true', '1.5', 'SFO', "`' x'`", "`''`", "`'*'`"]
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and _PLAIN.match(value) and "_" not in value:
        return "`'NULL'`" if value == "NULL" else value
    return f"`{value!r}`"
