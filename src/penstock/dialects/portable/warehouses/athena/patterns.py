"""Regular expressions on Athena: https://trino.io/docs/406/functions/regexp.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.regex import Pattern, replacement
from penstock.dialects.portable.functions.regex import java_text as java
from penstock.dialects.portable.patterns import Edge, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


def _options(call: Call, at: int) -> int | None:
    return at if len(call.args) > at else None


def _matches(call: Call) -> str:
    return f"regexp_like({call.args[0]}, {Pattern(call, _options(call, 2)).sql()})"


def _full_match(call: Call) -> str:
    pattern = Pattern(call, _options(call, 2))
    whole = pattern.sql(Row((Edge("^"), pattern.tree, Edge("$"))))
    return f"regexp_like({call.args[0]}, {whole})"


def _extract(call: Call) -> str:
    pattern = Pattern(call, _options(call, 3), cut=True)
    group = pattern.group(2)
    found = f"regexp_extract({call.args[0]}, {pattern.sql()}, {group})"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN coalesce({found}, '') END"


def _extract_all(call: Call) -> str:
    pattern = Pattern(call, _options(call, 3), cut=True, many=True)
    group = pattern.group(2)
    made = f"regexp_extract_all({call.args[0]}, {pattern.sql()}, {group})"
    return f"transform({made}, x__ -> coalesce(x__, ''))" if group else made


def _count(call: Call) -> str:
    pattern = Pattern(call, _options(call, 2), cut=True, many=True).sql()
    return f"regexp_count({call.args[0]}, {pattern})"


def _split(call: Call) -> str:
    pattern = Pattern(call, _options(call, 2), cut=True, many=True).sql()
    return f"regexp_split({call.args[0]}, {pattern})"


def _replace(call: Call) -> str:
    options = _options(call, 3)
    every = options is not None and "g" in call.text(options, "the options")
    pattern = Pattern(call, options, cut=True, many=every)
    parts = replacement(call, pattern)
    if every:
        new = "".join(f"${p}" if isinstance(p, int) else java(p) for p in parts)
        return f"regexp_replace({call.args[0]}, {pattern.sql()}, {call.string(new)})"
    # It replaces every match: this one begins at the start and takes what is before too.
    before = f"\\A((?s:.)*?)({pattern.written()})"
    new = "$1" + "".join(f"${p + 2}" if isinstance(p, int) else java(p) for p in parts)
    return f"regexp_replace({call.args[0]}, {call.string(before)}, {call.string(new)})"


_OPTIONAL = "varchar, varchar, varchar?"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "regexp_matches": {_OPTIONAL: _matches},
    "regexp_full_match": {_OPTIONAL: _full_match},
    "regexp_extract": {"varchar, varchar, whole?, varchar?": _extract},
    "regexp_extract_all": {"varchar, varchar, whole?, varchar?": _extract_all},
    "regexp_count": {_OPTIONAL: _count},
    "regexp_split_to_array": {_OPTIONAL: _split},
    "regexp_replace": {"varchar, varchar, varchar, varchar?": _replace},
}
