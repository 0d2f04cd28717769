"""Redshift's regular expressions: Perl's, by the parameter p.

https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_INSTR.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.functions.regex import Pattern, replacement
from penstock.dialects.portable.patterns import Choice, Edge, Group, Node, Repeat, Row
from penstock.dialects.portable.patterns_write import write

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_LISTS = Gap("never", "PSK-PORT-020", "Redshift has no lists of a type")


def found(text: str, pattern: str) -> str:
    """Whether a pattern, a text literal, matches somewhere."""
    return f"(REGEXP_INSTR({text}, {pattern}, 1, 1, 0, 'p') > 0)"


def _alone(node: Node, group: int) -> Node:
    """A pattern in which one group alone is counted: Redshift gives the first one only."""
    if isinstance(node, Group):
        inner = _alone(node.inner, group)
        return Group(inner, 1) if node.number == group else Row((inner,))
    if isinstance(node, Repeat):
        return Repeat(_alone(node.inner, group), node.least, node.most)
    if isinstance(node, (Row, Choice)):
        return type(node)(tuple(_alone(i, group) for i in node.items))
    return node


def alone(pattern: str, group: int) -> str:
    """The same for a pattern as text, whose other groups are of the form `(?:`.

    >>> alone("(a)-(?:b)(c)", 2)
    '(?:a)-(?:b)(c)'
    """
    made, count, inside = [], 0, False
    for at, sign in enumerate(pattern):
        made.append(sign)
        escaped = at > 0 and pattern[at - 1] == "\\"
        if inside:
            inside = sign != "]" or escaped
        elif sign == "[" and not escaped:
            inside = True
        elif sign == "(" and not escaped and not pattern.startswith("(?:", at):
            count += 1
            made[-1] = "(" if count == group else "(?:"
    return "".join(made)


def _matches(call: Call) -> str:
    return found(call.args[0], Pattern(call, 2 if len(call.args) > 2 else None).sql())


def _full_match(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None)
    return found(call.args[0], pattern.sql(Row((Edge("^"), pattern.tree, Edge("$")))))


def _extract(call: Call) -> str:
    pattern = Pattern(call, 3 if len(call.args) > 3 else None, cut=True)
    group = pattern.group(2)
    written = call.string(write(_alone(pattern.tree, group), call.engine.texts))
    how = "ep" if group else "p"
    return f"REGEXP_SUBSTR({call.args[0]}, {written}, 1, 1, '{how}')"


def _count(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None, cut=True, many=True).sql()
    return call.cast(f"REGEXP_COUNT({call.args[0]}, {pattern}, 1, 'p')")


def _replace(call: Call) -> str:
    # Every match is replaced: https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html
    options = 3 if len(call.args) > 3 else None
    every = options is not None and "g" in call.text(options, "the options")
    pattern = Pattern(call, options, cut=True, many=every)
    parts = replacement(call, pattern)
    if not every:
        raise pattern.refused("Redshift replaces every match: the option g is needed")
    if any(isinstance(p, int) or p in "\\$" for p in parts):
        raise pattern.refused("how a group is named in what Redshift puts in is not said")
    new = call.string("".join(str(p) for p in parts))
    return f"REGEXP_REPLACE({call.args[0]}, {pattern.sql()}, {new}, 1, 'p')"


FUNCTIONS = {
    "regexp_matches": {"varchar, varchar, varchar?": _matches},
    "regexp_full_match": {"varchar, varchar, varchar?": _full_match},
    "regexp_extract": {"varchar, varchar, whole?, varchar?": _extract},
    "regexp_extract_all": {"varchar, varchar, whole?, varchar?": _LISTS},
    "regexp_count": {"varchar, varchar, varchar?": _count},
    "regexp_replace": {"varchar, varchar, varchar, varchar?": _replace},
    "regexp_split_to_array": {"varchar, varchar, varchar?": _LISTS},
}
"""Function → what it takes → its rendering."""
