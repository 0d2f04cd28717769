"""Dates as text and text as dates, by a format of `%` tokens that is written in the SQL.

Text is read strictly: the number of digits that a token says, no other characters, no spaces
around, days that exist. What DuckDB reads beyond that (`2024-2-9` for `%Y-%m-%d`) is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.dates import moment
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.dialects.portable.call import Call

FAMILY = "formats"
_OVER = "t_dt"
_TOKEN = re.compile(r"%(-?.)|[^%]+|%", re.DOTALL)

# -- to text -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """How a token is written: a pattern of each engine, or `=` and an expression over `{0}`."""

    spark: str
    postgres: str


# https://spark.apache.org/docs/3.5.6/sql-ref-datetime-pattern.html
# https://www.postgresql.org/docs/16/functions-formatting.html
SHOWN: Mapping[str, Shown] = {
    "Y": Shown("yyyy", "YYYY"),
    "y": Shown("yy", "YY"),
    "m": Shown("MM", "MM"),
    "-m": Shown("M", "FMMM"),
    "d": Shown("dd", "DD"),
    "-d": Shown("d", "FMDD"),
    "H": Shown("HH", "HH24"),
    "-H": Shown("H", "FMHH24"),
    "I": Shown("hh", "HH12"),
    "-I": Shown("h", "FMHH12"),
    "M": Shown("mm", "MI"),
    "-M": Shown("m", "FMMI"),
    "S": Shown("ss", "SS"),
    "-S": Shown("s", "FMSS"),
    "f": Shown("SSSSSS", "US"),
    "g": Shown("SSS", "MS"),
    "p": Shown("a", "AM"),
    "a": Shown("EEE", "Dy"),
    "A": Shown("EEEE", "FMDay"),
    "b": Shown("MMM", "Mon"),
    "h": Shown("MMM", "Mon"),
    "B": Shown("MMMM", "FMMonth"),
    "j": Shown("DDD", "DDD"),
    "-j": Shown("D", "FMDDD"),
    "u": Shown("=CAST(weekday({0}) + 1 AS STRING)", "ID"),
    "w": Shown("=CAST(dayofweek({0}) - 1 AS STRING)", "=CAST(EXTRACT(DOW FROM {0}) AS TEXT)"),
    "V": Shown("=lpad(CAST(weekofyear({0}) AS STRING), 2, '0')", "IW"),
    "G": Shown("=lpad(CAST(EXTRACT(YEAROFWEEK FROM {0}) AS STRING), 4, '0')", "IYYY"),
}
_SHORT = {"T": "%H:%M:%S", "X": "%H:%M:%S", "x": "%Y-%m-%d", "c": "%Y-%m-%d %H:%M:%S"}


def tokens_of(call: Call, text: str, known: Mapping[str, object]) -> list[tuple[str, str]]:
    """A format taken apart: `("%", token)` and `("", characters)`.

    Raises:
        Refusal: it has a token that is not known.
    """
    for short, long in _SHORT.items():
        text = re.sub(rf"(?<!%)((?:%%)*)%{short}", rf"\g<1>{long}", text)
    made: list[tuple[str, str]] = []
    for found in _TOKEN.finditer(text):
        word = found[1]
        if word == "%" or (word is None and found[0] != "%"):
            # Characters side by side are one piece: each piece is quoted by itself.
            before = made.pop()[1] if made and not made[-1][0] else ""
            made.append(("", before + (word or found[0])))
        elif word in known:
            made.append(("%", word))
        else:
            tokens = " ".join(f"%{t}" for t in known)
            raise Refusal(
                "PSK-PORT-024",
                f"`{found[0]}` at {found.start() + 1} in the format of `{call.name}` is not"
                " portable",
                f"it has {tokens} %%",
            )
    return made


def moment_and_format(call: Call) -> tuple[int, int]:
    """Which argument is the moment, which the format: both orders are written."""
    return (1, 0) if call.types[0] == "varchar" else (0, 1)


def _duckdb_shown(call: Call) -> str:
    at, form = moment_and_format(call)
    text = call.text(form, "the format")
    tokens_of(call, text, SHOWN)
    if not text:
        return f"(CASE WHEN {moment(call, at)} IS NOT NULL THEN '' END)"
    return f"strftime({moment(call, at)}, {call.string(text)})"


def _shown(
    function_name: str, pattern: Callable[[Shown], str], quoted: Callable[[str], str]
) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        at, form = moment_and_format(call)
        sql = moment(call, at)
        pieces: list[str] = []
        run = ""

        def ended() -> None:
            nonlocal run
            if run:
                pieces.append(f"{function_name}({sql}, {call.string(run)})")
            run = ""

        for kind, value in tokens_of(call, call.text(form, "the format"), SHOWN):
            part = pattern(SHOWN[value]) if kind else quoted(value)
            if part.startswith("=") and kind:
                ended()
                pieces.append(part[1:].format(sql))
            elif re.search("[A-Za-z]$", run) and kind and re.match("[A-Za-z]", part):
                # Two patterns side by side would be read as one: `yyyyyy` is no year twice.
                ended()
                run = part
            else:
                run += part
        ended()
        if not pieces:
            empty = call.string("")
            return f"(CASE WHEN {sql} IS NOT NULL THEN {empty} END)"
        return f"({' || '.join(pieces)})" if len(pieces) > 1 else pieces[0]

    return render


def _spark_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _postgres_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_FORMATS = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%-d.%-m.%y %-H:%-M:%-S",
    "%A %a, %B %b %I:%M %p %-I",
    "%G-W%V-%u %w %j %-j %g",
    "%Y%m%d%H%M%S",
    "year: %Y 100%% it''s \"%d\" [x] \\ é",
    "%x %X %T",
)
_STRFTIME = function(
    "strftime",
    FAMILY,
    "A moment as text: %Y %y %m %-m %d %-d %H %-H %I %-I %p %M %-M %S %-S %f (six digits) %g"
    " (three) %a %A %b %B (English) %j %-j %u %w %V %G %T %% and other characters as they are."
    " The format must be written.",
    *(
        on(
            takes,
            duckdb=_duckdb_shown,
            spark=_shown("date_format", lambda shown: shown.spark, _spark_quoted),
            postgres=_shown("to_char", lambda shown: shown.postgres, _postgres_quoted),
            gives="varchar",
        )
        for takes in ("time_like, varchar", "varchar, time_like")
    ),
    cases=[f"strftime(ts, '{form}')" for form in _FORMATS]
    + [
        "strftime(d, '%d/%m/%Y %H')",
        "strftime(tz, '%Y-%m-%dT%H:%M:%SZ')",
        "strftime('%Y-%m', d)",
        "strftime(d, '')",
        "strftime(d, 'no date')",
    ],
    over=_OVER,
)

# -- from text -----------------------------------------------------------------------------------

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905


def _any_case(words: Sequence[str]) -> str:
    """A pattern for words in upper, lower or mixed case; every engine reads it the same way."""
    made = ("".join(f"[{c.upper()}{c}]" for c in word) for word in words)
    return f"(?:{'|'.join(made)})"


@dataclass(frozen=True, slots=True)
class Read:
    """How a token is read: a pattern, and its width if it has one."""

    pattern: str
    width: int | None


_READ: Mapping[str, Read] = {
    "Y": Read(_YEAR, 4),
    "y": Read("[0-9]{2}", 2),
    "m": Read("(?:0[1-9]|1[0-2])", 2),
    "-m": Read("(?:1[0-2]|0?[1-9])", None),
    "d": Read("(?:0[1-9]|[12][0-9]|3[01])", 2),
    "-d": Read("(?:[12][0-9]|3[01]|0?[1-9])", None),
    "H": Read("(?:[01][0-9]|2[0-3])", 2),
    "-H": Read("(?:1[0-9]|2[0-3]|0?[0-9])", None),
    "I": Read("(?:0[1-9]|1[0-2])", 2),
    "-I": Read("(?:1[0-2]|0?[1-9])", None),
    "M": Read("[0-5][0-9]", 2),
    "S": Read("[0-5][0-9]", 2),
    "f": Read("[0-9]{1,6}", None),
    "p": Read(_any_case(["am", "pm"]), 2),
    "b": Read(_any_case([m[:3] for m in _MONTHS]), 3),
    "B": Read(_any_case(_MONTHS), None),
    "a": Read(_any_case([d[:3] for d in _DAYS]), 3),
    "A": Read(_any_case(_DAYS), None),
    "z": Read("(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)", None),
}
# Tokens that say the same thing: a format has one of them.
_SAME = ("Yy", "mbB", "d", "HI", "M", "S", "f", "p", "z", "aA")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a format is read.

    Attributes:
        pattern: of the whole text, a group for each token.
        places: token without its `-` → its group, its place (from 1) if all before it have a
            width, and its width.
    """

    pattern: str
    places: Mapping[str, tuple[int, int | None, int | None]]


def plan(call: Call, text: str) -> Plan:
    """Take a format apart.

    Raises:
        Refusal: it has a token that is not known, one twice, or two numbers that run together.
    """
    pattern, open_ended = "", False
    places: dict[str, tuple[int, int | None, int | None]] = {}
    position: int | None = 1
    for kind, value in tokens_of(call, text, _READ):
        if not kind:
            pattern += re.sub(r"([^A-Za-z0-9 ])", _escaped, value)
            position = position + len(value) if position is not None else None
            open_ended = False
            continue
        read, name = _READ[value], value.lstrip("-")
        if open_ended and not read.pattern.startswith(("(?:[A-Z]", "(?:Z")):
            raise Refusal(
                "PSK-PORT-024",
                f"where `%{value}` begins in the format of `{call.name}` is not certain",
                "put a character between the two numbers",
            )
        same = next(group for group in _SAME if name in group)
        if any(n in same for n in places):
            raise Refusal(
                "PSK-PORT-024", f"the format of `{call.name}` says `%{value}` twice", None
            )
        places[name] = (len(places) + 1, position if read.width else None, read.width)
        pattern += f"({read.pattern})"
        position = position + read.width if position is not None and read.width else None
        open_ended = read.width is None and value not in ("B", "A", "z")
    _complete(call, places)
    return Plan(pattern, places)


def _complete(call: Call, places: Mapping[str, object]) -> None:
    wrong = None
    if "I" in places and "p" not in places:
        wrong = "has %I without %p"
    elif "p" in places and "I" not in places:
        wrong = "has %p without %I"
    elif not {"Y", "y"} & set(places):
        # A date without a year would be one in 1900.
        wrong = "has no year"
    elif "f" in places and "S" not in places:
        wrong = "has %f without %S"
    if wrong:
        raise Refusal("PSK-PORT-024", f"the format of `{call.name}` {wrong}", "complete it")


def _escaped(found: re.Match[str]) -> str:
    c = found[1]
    return f"[{c}]" if c not in "[]^\\" else "\\" + c


def canonical(
    call: Call, how: Plan, group: Callable[[str, int], str], at: str, whole: str
) -> tuple[str, str | None]:
    """A text `2024-02-29 12:34:56.789` of the parts, and minutes that its zone is ahead.

    Args:
        group: the SQL of a group of the pattern.
        at: `strpos({0}, {1})` as the engine has it.
        whole: the engine's name of a whole number.
    """
    x = call.args[0]

    def part(name: str) -> str | None:
        if name not in how.places:
            return None
        number, position, width = how.places[name]
        return f"substr({x}, {position}, {width})" if position else group(how.pattern, number)

    def two(sql: str | None, other: str) -> str:
        return f"lpad({sql}, 2, '0')" if sql else f"'{other}'"

    # Spark computes constants of a branch that is not taken.
    cast = "TRY_CAST" if call.engine.name == "spark" else "CAST"
    year = part("Y")
    if year is None:
        short = part("y")
        year = f"(CASE WHEN {short} < '69' THEN '20' ELSE '19' END || {short})"
    month = two(part("m"), "01")
    name = part("b") or part("B")
    if name:
        words = call.string("".join(m[:3] for m in _MONTHS))
        place = at.format(words, f"lower(substr({name}, 1, 3))")
        number = f"CAST(CAST(({place} + 2) / 3 AS {whole}) AS {call.engine.type_name('varchar')})"
        month = two(number, "01")
    hour = two(part("H"), "00")
    twelve = part("I")
    if twelve:
        late = f"CASE WHEN lower({part('p')}) = 'pm' THEN 12 ELSE 0 END"
        number = f"{cast}({twelve} AS {whole}) % 12 + {late}"
        hour = two(f"CAST({number} AS {call.engine.type_name('varchar')})", "00")
    day, minute, second = two(part("d"), "01"), two(part("M"), "00"), two(part("S"), "00")
    fraction = part("f") or "'0'"
    made = (
        f"{year} || '-' || {month} || '-' || {day} || ' ' || {hour} || ':' || {minute} || ':'"
        f" || {second} || '.' || {fraction}"
    )
    zone = part("z")
    ahead = None
    if zone:
        digits = f"rpad(replace({zone}, ':', ''), 5, '0')"
        count = (
            f"({cast}(substr({digits}, 2, 2) AS {whole}) * 60"
            f" + {cast}(substr({digits}, 4, 2) AS {whole}))"
        )
        ahead = (
            f"(CASE substr({zone}, 1, 1) WHEN 'Z' THEN 0 WHEN '-' THEN - {count} ELSE {count} END)"
        )
    return made, ahead


def _duckdb_read(call: Call, text: str) -> str:
    how = plan(call, text)
    x = call.args[0]
    guard = f"regexp_full_match({x}, {call.string(how.pattern)})"
    # Its own reading has no Z, and skips the spaces that a format begins with.
    if "z" not in how.places and not text[:1].isspace():
        return f"(CASE WHEN {guard} THEN try_strptime({x}, {call.string(text)}) END)"
    made, ahead = canonical(
        call,
        how,
        lambda pattern, n: f"regexp_extract({x}, {call.string('^' + pattern + '$')}, {n})",
        "strpos({0}, {1})",
        "INTEGER",
    )
    naive = f"TRY_CAST({made} AS TIMESTAMP)"
    if ahead:
        naive = f"(({naive} - {ahead} * INTERVAL '1' MINUTE) AT TIME ZONE 'UTC')"
    return f"(CASE WHEN {guard} THEN {naive} END)"


def _spark_read(call: Call, text: str) -> str:
    how = plan(call, text)
    x = call.args[0]
    # `$` would also match before a line's end.
    whole = call.string(f"^{how.pattern}\\z")
    made, ahead = canonical(
        call,
        how,
        lambda pattern, n: (
            f"regexp_extract({x}, {call.string('^' + pattern + chr(92) + 'z')}, {n})"
        ),
        "instr({0}, {1})",
        "INT",
    )
    naive = f"TRY_CAST({made} AS TIMESTAMP_NTZ)"
    if ahead:
        naive = f"CAST({naive} - {ahead} * INTERVAL '1' MINUTE AS TIMESTAMP)"
    return f"(CASE WHEN {x} RLIKE {whole} THEN {naive} END)"


def _postgres_read(call: Call, text: str) -> str:
    how = plan(call, text)
    x = call.args[0]
    made, ahead = canonical(
        call,
        how,
        lambda pattern, n: f"(regexp_match({x}, {call.string('^' + pattern + '$')}))[{n}]",
        "strpos({0}, {1})",
        "INTEGER",
    )
    naive = f"penstock.try_timestamp({made})"
    if ahead:
        naive = f"(({naive} - {ahead} * INTERVAL '1 minute') AT TIME ZONE 'UTC')"
    return f"(CASE WHEN {x} ~ {call.string('^' + how.pattern + '$')} THEN {naive} END)"


def reading(one: Callable[[Call, str], str], *, strict: bool) -> Callable[[Call], str]:
    """Reads by one format, or by the first of several that fits.

    Args:
        strict: fail for what does not fit; otherwise it is NULL.
    """

    def render(call: Call) -> str:
        forms = _formats(call)
        made = [one(call, form) for form in forms]
        if strict:
            message = f"a text is no date by {' or '.join(forms)}"
            wrong = call.engine.failing(message, call.args[0], call.type)
            made.append(f"CASE WHEN {call.args[0]} IS NOT NULL THEN {wrong} END")
        return made[0] if len(made) == 1 else f"COALESCE({', '.join(made)})"

    return render


def _formats(call: Call) -> list[str]:
    node = call.nodes[1].unnest()
    items = node.expressions if call.types[1].endswith("[]") else None
    if items is None:
        return [call.text(1, "the format")]
    if not items or not all(getattr(i, "is_string", False) for i in items):
        raise Refusal(
            "PSK-PORT-024", f"the formats of `{call.name}` must be written in the SQL, not computed"
        )
    return [str(i.this) for i in items]


_FORMS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%-d/%-m/%Y",
    "%Y-%-m-%-d",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%d-%b-%Y",
    "%d %B %Y",
    "%m/%d/%y %I:%M %p",
    " %x ",
)
_TRY = function(
    "try_strptime",
    FAMILY,
    "Text as a timestamp by a format, or by the first that fits of a list [%Y-%m-%d, …]; NULL if"
    " none does. Strict: exact digits (%-m and the like: one or two), no spaces around, days that"
    " exist in the years 1 to 9999; names of months and AM, PM in any case. It has %Y %y (69 is"
    " 1969) %m %-m %b %B %d %-d %H %-H %I %-I with %p %M %S %f (one to six digits) %a %A (not"
    " checked), and %z (Z, +05, +0530, +05:30), which gives a timestamptz.",
    on(
        "varchar, written",
        duckdb=reading(_duckdb_read, strict=False),
        spark=reading(_spark_read, strict=False),
        postgres=reading(_postgres_read, strict=False),
    ),
    cases=[f"try_strptime(raw, '{form}')" for form in _FORMS]
    + [
        "try_strptime(raw, ['%Y-%m-%d', '%d/%m/%Y', '%Y%m%d'])",
        "try_strptime('2024-02-30', '%Y-%m-%d')",
        "try_strptime('Fri 01-Mar-24 12:00:00.5 AM', '%a %d-%b-%y %I:%M:%S.%f %p')",
        "try_strptime(' x ', '%m/%d/%y %I:%M %p')",
        "try_strptime(CAST(NULL AS VARCHAR), '%Y')",
    ],
    over=_OVER,
)
_STRPTIME = function(
    "strptime",
    FAMILY,
    "The same as `try_strptime`, but a text that does not fit fails the query; NULL of NULL.",
    on(
        "varchar, written",
        duckdb=reading(_duckdb_read, strict=True),
        spark=reading(_spark_read, strict=True),
        postgres=reading(_postgres_read, strict=True),
    ),
    cases=[
        "strptime(strftime(ts, '%Y-%m-%d %H:%M:%S.%f'), '%Y-%m-%d %H:%M:%S.%f')",
        "strptime('29/02/2024', '%d/%m/%Y')",
        "strptime(CAST(NULL AS VARCHAR), '%d/%m/%Y')",
        "strptime('29/02/2023', '%d/%m/%Y')",
        "strptime(raw, '%Y-%m-%d')",
        "strptime(' 2024-02-29', '%Y-%m-%d')",
        "strptime('2024-02-29 24:00:00', '%Y-%m-%d %H:%M:%S')",
        "strptime('0000-01-01', '%Y-%m-%d')",
        "strptime('2024-02-29T01:00:00+14:00', '%Y-%m-%dT%H:%M:%S%z')",
    ],
    over=_OVER,
)

FUNCTIONS = (_STRFTIME, _TRY, _STRPTIME)
