"""Regular expressions: patterns are read, checked and written anew for each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.patterns import Edge, Node, Parser, Row
from penstock.dialects.portable.patterns_checks import nullable, one_match, slow
from penstock.dialects.portable.patterns_write import write
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_MOST_GROUPS = 7
_OPTIONS = "cgis"


class Pattern:
    """The pattern of a call.

    Args:
        options: the argument with the options, if there is one.
        cut: its match is cut out or replaced: it must be the same everywhere.
        many: all its matches count: none may be empty.
    """

    def __init__(
        self, call: Call, options: int | None, *, cut: bool = False, many: bool = False
    ) -> None:
        self.call = call
        given = call.text(options, "the options") if options is not None else ""
        if set(given) - set(_OPTIONS):
            raise self.refused(f"of the options, {', '.join(_OPTIONS)} are portable")
        self.options = given
        self.parser = Parser(call.text(1, "the pattern"), "i" in given, "s" in given)
        self.tree = self.parser.parse()
        texts = call.engine.texts
        if texts.backtracks and slow(self.tree):
            name = call.engine.name.capitalize()
            raise self.refused(f"a quantifier inside a quantifier can make {name} try for ever")
        if many and nullable(self.tree):
            raise self.refused(
                "the pattern matches the empty text, which engines count differently"
            )
        if cut and texts.longest_match and not one_match(self.tree):
            raise self.refused(
                "PostgreSQL takes the longest match, the others the first: write it so that the"
                " next character decides, as `ab?` for `a|ab`"
            )

    def refused(self, why: str) -> Refusal:
        """A refusal of the pattern."""
        return Refusal("PSK-PORT-031", f"`{self.call.name}`: {why}")

    def sql(self, tree: Node | None = None) -> str:
        """The pattern, or another in its place, as the engine's text."""
        return self.call.string(write(tree or self.tree, self.call.engine.texts))

    def written(self) -> str:
        """The pattern in the engine's syntax."""
        return write(self.tree, self.call.engine.texts)

    def uses(self, group: int) -> None:
        """Refuse a group that is not there, or that a quantifier takes more than once."""
        if group > self.parser.groups:
            raise self.refused(f"the pattern has no group {group}")
        if group in self.parser.looped:
            raise self.refused(f"group {group} is inside a quantifier: which turn counts differs")

    def group(self, number: int) -> int:
        """The group that an argument names; 0 where there is none."""
        if len(self.call.args) <= number:
            return 0
        text = self.call.text(number, "the group")
        if not text.isdigit():
            raise self.refused("a group is a number")
        self.uses(int(text))
        return int(text)


def _matches(call: Call) -> str:
    return _found(call, Pattern(call, 2 if len(call.args) > 2 else None).sql())


def _full_match(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None)
    return _found(call, pattern.sql(Row((Edge("^"), pattern.tree, Edge("$")))))


def _found(call: Call, pattern: str) -> str:
    if call.engine.name == "duckdb":
        return f"regexp_matches({call.args[0]}, {pattern})"
    return f"({call.args[0]} {'RLIKE' if call.engine.name == 'spark' else '~'} {pattern})"


def _extract(call: Call) -> str:
    pattern = Pattern(call, 3 if len(call.args) > 3 else None, cut=True)
    group = pattern.group(2)
    where = "penstock." if call.engine.name == "postgres" else ""
    return f"{where}regexp_extract({call.args[0]}, {pattern.sql()}, {group})"


def _extract_all(call: Call) -> str:
    pattern = Pattern(call, 3 if len(call.args) > 3 else None, cut=True, many=True)
    group = pattern.group(2)
    if call.engine.name == "postgres":
        whole = call.string(f"({pattern.written()})")
        return f"penstock.regexp_extract_all({call.args[0]}, {whole}, {group + 1})"
    made = f"regexp_extract_all({call.args[0]}, {pattern.sql()}, {group})"
    if call.engine.name == "duckdb" and group:
        return f"list_transform({made}, lambda x__: coalesce(x__, ''))"
    return made


def _count(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None, cut=True, many=True).sql()
    if call.engine.name == "duckdb":
        return f"len(regexp_extract_all({call.args[0]}, {pattern}))"
    return call.cast(f"regexp_count({call.args[0]}, {pattern})")


def _split(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None, cut=True, many=True).sql()
    name, end = {
        "duckdb": ("string_split_regex", ""),
        "spark": ("split", ", -1"),
        "postgres": ("regexp_split_to_array", ""),
    }[call.engine.name]
    return f"{name}({call.args[0]}, {pattern}{end})"


def _replace(call: Call) -> str:
    options = 3 if len(call.args) > 3 else None
    every = options is not None and "g" in call.text(options, "the options")
    pattern = Pattern(call, options, cut=True, many=every)
    parts = replacement(call, pattern)
    text, engine = call.args[0], call.engine.name
    if engine == "spark":
        if every:
            new = "".join(f"${p}" if isinstance(p, int) else java_text(p) for p in parts)
            return f"regexp_replace({text}, {pattern.sql()}, {call.string(new)})"
        # Spark replaces every match: this one begins at the start and takes what is before too.
        before = f"\\A((?s:.)*?)({pattern.written()})"
        new = "$1" + "".join(f"${p + 2}" if isinstance(p, int) else java_text(p) for p in parts)
        return f"regexp_replace({text}, {call.string(before)}, {call.string(new)})"
    whole = "\\&" if engine == "postgres" else "\\0"
    new = "".join(
        (f"\\{p}" if p else whole) if isinstance(p, int) else p.replace("\\", "\\\\") for p in parts
    )
    flags = ", 'g'" if every else ""
    return f"regexp_replace({text}, {pattern.sql()}, {call.string(new)}{flags})"


def java_text(text: str) -> str:
    """A text as it stands in Java's replacements."""
    return text.replace("\\", "\\\\").replace("$", "\\$")


def replacement(call: Call, pattern: Pattern) -> list[str | int]:
    """A replacement's texts and numbers of groups."""
    if pattern.parser.groups > _MOST_GROUPS:
        raise pattern.refused(f"more than {_MOST_GROUPS} groups in what is replaced")
    text = call.text(2, "the replacement")
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        sign, after = text[at], text[at + 1 : at + 2]
        if sign == "\\":
            if after.isascii() and after.isdigit():
                pattern.uses(int(after))
                parts.append(int(after))
            elif after == "\\":
                parts.append("\\")
            else:
                raise pattern.refused(f"`\\{after}` in a replacement: a backslash is `\\\\`")
            at += 2
        else:
            parts.append(sign)
            at += 1
    return parts


FUNCTIONS = (
    function(
        "regexp_matches",
        "regex",
        "Whether a pattern matches somewhere in a text. Pattern and options (`i`: ASCII letters of"
        " any case, `s`: `.` is the line feed too) are written in the SQL; `\\d`, `\\w`, `\\s` are"
        " ASCII, `^` and `$` are the ends of the text.",
        on("varchar, varchar, varchar?", every=_matches, gives="boolean"),
        aliases=("regexp_like",),
        cases=[
            r"regexp_matches(s, '^[A-Z]')",
            r"regexp_matches(s, '[^@]+@[a-z0-9.-]+\.[a-z]{2,}')",
            r"regexp_matches(s, '(FOO|bar|\d{3})', 'i')",
            r"regexp_matches(s, '')",
            r"regexp_matches(s, '^\s*$')",
            r"regexp_matches(s, 'Tab.$')",
            r"regexp_matches(s, 'Tab.$', 's')",
            r"regexp_matches(s, '[^\W\d_]{5}$')",
            r"regexp_matches(s, 'a\\b|\x{e9}|[[:punct:]]{2}')",
            r"regexp_matches(s, '^(a|ab|[é-ë])+[|]')",
            r"regexp_matches(s, 'O''B')",
        ],
    ),
    function(
        "regexp_full_match",
        "regex",
        "Whether a pattern matches the whole of a text.",
        on("varchar, varchar, varchar?", every=_full_match, gives="boolean"),
        cases=[
            r"regexp_full_match(s, '[a-z]+')",
            r"regexp_full_match(s, 'a|ab|a.b|zebra')",
            r"regexp_full_match(s, '\s*[a-z]+\s*', 'i')",
            r"regexp_full_match(s, '')",
        ],
    ),
    function(
        "regexp_extract",
        "regex",
        "The first match of a pattern, or of one of its groups; the empty text where nothing"
        " matches or the group takes no part.",
        on("varchar, varchar, whole?, varchar?", every=_extract, gives="varchar"),
        cases=[
            r"regexp_extract(s, '\d+')",
            r"regexp_extract(s, '([A-Za-z]+)[.@]([A-Za-z]+)', 2)",
            r"regexp_extract(s, '[a-z]+(-[a-z]+)?', 1)",
            r"regexp_extract(s, '(\w+)\s+(\w+)', 1)",
            r"regexp_extract(s, '(foo|bar)', 1, 'i')",
            r"regexp_extract(s, '[^|]*$')",
            r"regexp_extract(s, '.*', 0)",
            r"regexp_extract(s, '(?i)CLAIR|ST(R|A)')",
        ],
    ),
    function(
        "regexp_extract_all",
        "regex",
        "Every match of a pattern, or of one of its groups, as a list, in order; each begins where"
        " the one before ended.",
        on("varchar, varchar, whole?, varchar?", every=_extract_all, gives="varchar[]"),
        cases=[
            r"regexp_extract_all(s, '[a-z]')",
            r"regexp_extract_all(s, '([a-z])([A-Z])?', 2)",
            r"regexp_extract_all(s, '\d+|[+]')",
            r"regexp_extract_all(s, '[^,;|]+')",
        ],
    ),
    function(
        "regexp_count",
        "regex",
        "How often a pattern matches.",
        on("varchar, varchar, varchar?", every=_count, gives="bigint"),
        cases=[r"regexp_count(s, '[a-z]')", r"regexp_count(s, 'xx')", r"regexp_count(s, 'o', 'i')"],
    ),
    function(
        "regexp_replace",
        "regex",
        "The first match of a pattern by a text, with the option `g` every one. `\\1` is a group of"
        " the pattern, `\\0` the match; groups that take no part are empty.",
        on("varchar, varchar, varchar, varchar?", every=_replace, gives="varchar"),
        cases=[
            r"regexp_replace(s, '[^a-zA-Z0-9]', '', 'g')",
            r"regexp_replace(s, '[^a-zA-Z0-9]', '')",
            r"regexp_replace(s, '(\w+)\s+(\w+)', '\2 \1', 'g')",
            r"regexp_replace(s, '([a-z])([A-Z])?', '<\2\0$1\\>', 'g')",
            r"regexp_replace(s, '([a-z])(x)?', '[\1\20]')",
            r"regexp_replace(s, '\s+', ' ', 'g')",
            r"regexp_replace(s, 'O', '0', 'gi')",
            r"regexp_replace(s, 'z*', '-')",
            r"regexp_replace(s, '.b', '&')",
        ],
    ),
    function(
        "regexp_split_to_array",
        "regex",
        "The parts between the matches of a pattern, as a list.",
        on("varchar, varchar, varchar?", every=_split, gives="varchar[]"),
        aliases=("string_split_regex", "str_split_regex"),
        cases=[
            r"regexp_split_to_array(s, '[|,;]')",
            r"regexp_split_to_array(s, '\s+')",
            r"string_split_regex(s, '(a)|b')",
            r"str_split_regex(s, 'x')",
        ],
    ),
)
