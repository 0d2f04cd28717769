"""How an engine reckons, reads texts and moves in time: what each says for itself, or has not got.

A template has `{0}`, `{1}`, … for SQL. An empty one, and a key that is not there, is something that
the engine has not got with the canonical meaning: what needs it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.engine import Engine

READS = ("smallint", "integer", "bigint", "decimal", "double", "boolean", "date", "timestamp")
"""Types that texts are read as, beside `timestamptz`."""
WRITES = ("smallint", "integer", "bigint", "decimal", "boolean", "date", "timestamp")
"""Types that are written as texts."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers.

    Attributes:
        doubles: sign → `+ - * /` of two doubles; by 0 is NULL, beyond their range infinite.
        quotient: `//` of two values of a whole type `{2}`, NULL by 0.
        remainder: `%` of two values of one whole or decimal type, NULL by 0.
        double_remainder: `%` of two doubles.
        power: of two doubles.
        bits: `&`, `|` and `~` of one whole type `{2}`; `>>` of a bigint and a written number.
        half_even, half_away: a double rounded to a whole one.
        times_power: a double times a power of ten that is a double too.
        casts_doubles: its casts of a double round and fail as ours do.
        exact: a whole double and a precision → it as a decimal of all its digits.
        try_cast: NULL for what has no such form; empty: the bounds are looked at first.
        loose_wholes: its whole types hold more than ours: the bounds are looked at in casts.
        most_product_places: a product has no more decimal places, nor than each side; None: as many
            as both sides together.
        infinity: the text that its cast to a double takes for infinity.
    """

    doubles: Mapping[str, str] = field(default_factory=dict)
    quotient: str = ""
    remainder: str = ""
    double_remainder: str = ""
    power: str = ""
    bits: Mapping[str, str] = field(default_factory=dict)
    half_even: str = ""
    half_away: str = ""
    times_power: str = ""
    casts_doubles: bool = False
    exact: Callable[[str, int], str] | None = None
    try_cast: str = ""
    loose_wholes: bool = False
    most_product_places: int | None = None
    infinity: str = "Infinity"


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that are read as something else, and taken apart.

    Attributes:
        writes: type → a value of it as text, which is `{1}` there.
        reads: type → a text of our grammar in the form that its cast takes.
        try_reads: the same, for TRY_CAST: `{1}` is the engine's type; empty: by `try_cast`.
        try_cast: of a text; empty: that of numbers does.
        fails_beyond: its cast of a text to a double fails for what is too large or too small.
        trim: without the spaces around.
        full_match: whether a whole text is in a pattern, `{1}`, which stands in quotes.
        lower: small letters, each by itself (of Spark see `text_case`).
        any_character, end: a pattern's any character, line feeds too, and the text's very end.
        backtracks: a quantifier inside a quantifier can make it try for ever.
        longest_match: of several matches at a place it takes the longest.
        json_text: JSON's SQL and a path's steps → the value there as text.
    """

    writes: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    try_reads: Mapping[str, str] = field(default_factory=dict)
    try_cast: str = ""
    fails_beyond: bool = False
    trim: str = ""
    full_match: str = ""
    lower: str = ""
    any_character: str = ""
    end: str = "$"
    backtracks: bool = False
    longest_match: bool = False
    json_text: Callable[[Engine, str, tuple[str | int, ...]], str] | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Times.

    Attributes:
        naive: an instant as the timestamp that UTC has then.
        instant: a timestamp of UTC as an instant.
        days: days from a date (`{1}`) to another (`{0}`).
        later, earlier: a date and a number of days.
        intervals: it adds INTERVAL '3' DAY, and products of them, to timestamps and instants.
        adds: else: `months`, `days`, `microseconds` → a moment and a signed whole number of them;
            `milliseconds`, where it has a shorter form for them; `… of an instant`, where that of a
            timestamp does not do.
    """

    naive: str = ""
    instant: str = ""
    days: str = ""
    later: str = ""
    earlier: str = ""
    intervals: bool = False
    adds: Mapping[str, str] = field(default_factory=dict)


def said(engine: Engine, template: str | None, what: str) -> str:
    """A template that an engine has.

    Raises:
        Refusal: it says nothing of this.
    """
    if template:
        return template
    raise missing(engine, what)


def missing(engine: Engine, what: str) -> Refusal:
    """The refusal of what an engine has not got.

    Args:
        what: completes "… cannot run on athena".
    """
    return Refusal(
        "PSK-PORT-020",
        f"{what} cannot run on {engine.name}: Penstock has no rendering with this meaning",
        engines=(engine.name,),
    )
