"""What the docstring of an options dataclass says of each of its fields (Google style)."""

from __future__ import annotations

import inspect
import re
from typing import Any

_ENTRY = re.compile(r"^    (\w+): ?(.*)$")


def summary(documented: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    text = inspect.cleandoc(documented.__doc__ or "")
    return " ".join(text.split("\n\n")[0].split())


def attributes(documented: Any) -> dict[str, str]:
    r"""Field → what the section `Attributes` says of it.

    >>> class Options:
    ...     '''Title.
    ...
    ...     Attributes:
    ...         path: where it is,
    ...             as a glob.
    ...         format: how.
    ...     '''
    >>> attributes(Options)
    {'path': 'where it is, as a glob.', 'format': 'how.'}
    """
    text = inspect.cleandoc(documented.__doc__ or "")
    _, found, section = text.partition("Attributes:\n")
    fields: dict[str, str] = {}
    name = ""
    for line in section.splitlines() if found else ():
        entry = _ENTRY.match(line)
        if entry:
            name = entry[1]
            fields[name] = entry[2].strip()
        elif name and line.startswith("     "):
            fields[name] = f"{fields[name]} {line.strip()}".strip()
        elif line.strip():
            break
    return fields
