"""Forms of `standardize` that recognise what a text means: a date, a country, an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock.diagnostics import did_you_mean
from penstock.spec.base import Model
from penstock.transforms import tables
from penstock.transforms.base import Input, Problem
from penstock.transforms.tables import units
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OnError = Literal["fail", "null", "quarantine"] | None
Path = tuple[str | int, ...]
# As `trim` has it: the same white space on every engine.
_SPACE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)"
TRIMMED = f"trim($x, {_SPACE})"


class Recognised:
    """How a form reads a text.

    Attributes:
        noun: what a text is to be, for messages: "a date".
        type: of the values.
        prepared: SQL over `$x`, the text, that is computed first.
        found: SQL over `$x`, what is prepared; NULL for a text that is none.
        spellings: where a table says it: text as prepared → value; `found` is not used.
    """

    def __init__(
        self,
        noun: str,
        type_name: str,
        found: str = "$x",
        *,
        prepared: str = TRIMMED,
        spellings: Mapping[str, str] | None = None,
    ) -> None:
        self.noun = noun
        self.type = type_name
        self.prepared = prepared
        self.found = found
        self.spellings = spellings

    def prepare(self, tree: exp.Expr) -> exp.Expr:
        """What is computed of the text first."""
        return filled(self.prepared, x=tree)

    def value(self, prepared: exp.Expr) -> exp.Expr:
        """The value of a prepared text, where no table says it."""
        return filled(self.found, x=prepared)

    def is_one(self, tree: exp.Expr) -> exp.Expr:
        """Whether a text has a value; NULL has none, and is none the less right."""
        prepared = self.prepare(tree)
        if self.spellings is None:
            known = filled("NOT $v IS NULL", v=self.value(prepared))
        else:
            texts: list[exp.Expr] = [exp.Literal.string(s) for s in self.spellings]
            known = exp.In(this=prepared, expressions=texts)
        return exp.or_(filled("$x IS NULL", x=tree), known)


class Truth(Model):
    """The texts for true and false, small or capital letters alike."""

    yes: list[str] = Field(min_length=1)
    no: list[str] = Field(min_length=1)


class Booleans(Model):
    """Text as true and false; `boolean` alone knows true/false, t/f, yes/no, y/n, on/off, 1/0."""

    boolean: Truth
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """Either list, as it is written or in other letters."""
        lists = ", ".join(_texts(self.boolean.yes)), ", ".join(_texts(self.boolean.no))
        sql = f"CASE WHEN $x IN ({lists[0]}) THEN TRUE WHEN $x IN ({lists[1]}) THEN FALSE END"
        return Recognised("a boolean", "boolean", sql, prepared=f"lower({TRIMMED})")


class Dates(Model):
    """Text as a date, by the first of several formats that fits."""

    date: list[str] = Field(min_length=1)
    """In strptime's letters: `%d/%m/%Y`."""
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """Each format in turn."""
        tries = ", ".join(f"try_strptime($x, {_quoted(f)})" for f in self.date)
        return Recognised("a date", "date", f"CAST(coalesce({tries}) AS DATE)")

    def problems(self, given: Input, path: Path) -> list[Problem]:
        """Formats that are none."""
        found = []
        for i, form in enumerate(self.date):
            bound = given.binder.describe(f"SELECT try_strptime('x', {_quoted(form)}) AS v")
            if bound.failures:
                message = f"`{form}` is not a format: {bound.failures[0].message}"
                found.append(Problem("PSK-STEP-019", message, (*path, "date", i)))
        return found


class Emails(Model):
    """An address in small letters; `email` alone is the same."""

    email: Literal[True] = True
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """Plain addresses: ASCII, a domain of at least two parts, nothing in quotes.

        The last part of the domain, which has only letters, is a pattern of its own: so the next
        character always decides, and no engine tries one text in many ways.
        """
        local = "[A-Za-z0-9!#$%&*+/=?^_{|}~-]+"
        part = "[A-Za-z0-9]+(-+[A-Za-z0-9]+)*"
        whole = f"^{local}([.]{local})*@{part}([.]{part})+$"
        sql = (
            f"CASE WHEN regexp_matches($x, {_quoted(whole)}) "
            "AND regexp_matches($x, '[.][A-Za-z]+$') THEN lower($x) END"
        )
        return Recognised("an e-mail address", "varchar", sql)


class Phones(Model):
    """A telephone number as E.164 writes it: `+12125550100`."""

    phone: str
    """The country (ISO alpha-2) of numbers written without one."""
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """By the table's rules; a number with letters (`ext. 5`) is none."""
        rule = _dialling()[self.phone]
        code, trunk = rule["calling_code"], rule["trunk_prefix"]
        abroad = rule["international_prefix"]
        least, most = rule["least_digits"], rule["most_digits"]
        world = "regexp_matches({}, '^[1-9][0-9]{{6,14}}$')"
        home = f"CAST(length({{}}) AS INTEGER) BETWEEN {least} AND {most}"
        whens = []
        for start in ("+", abroad):
            rest = f"substr($x, {len(start) + 1})"
            whens.append(
                f"WHEN starts_with($x, '{start}') THEN "
                f"CASE WHEN {world.format(rest)} THEN '+' || {rest} END"
            )
        if trunk:
            rest = f"substr($x, {len(trunk) + 1})"
            whens.append(
                f"WHEN starts_with($x, '{trunk}') AND length($x) >= {int(least) + len(trunk)} "
                f"THEN CASE WHEN {home.format(rest)} THEN '+{code}' || {rest} END"
            )
        whens.append(f"WHEN {home.format('$x')} THEN '+{code}' || $x")
        digits = "regexp_replace(replace($x, '(0)', ''), '[^0-9+]', '', 'g')"
        prepared = f"CASE WHEN regexp_matches({TRIMMED}, '^[+]?[0-9() ./-]+$') THEN {digits} END"
        return Recognised(
            "a telephone number", "varchar", f"CASE {' '.join(whens)} END", prepared=prepared
        )

    def problems(self, given: Input, path: Path) -> list[Problem]:  # noqa: ARG002
        """A country whose rules are not known."""
        if self.phone in _dialling():
            return []
        message = f"how numbers of `{self.phone}` are dialled is not known here"
        hint = did_you_mean(self.phone.upper(), _dialling(), noun="countries")
        return [Problem("PSK-STEP-036", message, (*path, "phone"), hint)]


class Countries(Model):
    """A country's name or code as an ISO 3166-1 code."""

    country: Literal["alpha_2", "alpha_3", "numeric"]
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """Codes, English names and usual other spellings, small or capital letters alike."""
        spellings = tables.codes("countries", self.country)
        prepared = f"lower({TRIMMED})"
        return Recognised("a country", "varchar", prepared=prepared, spellings=spellings)


class Currencies(Model):
    """A currency's name, sign or code as an ISO 4217 code; `currency` alone is `code`."""

    currency: Literal["code", "numeric"] = "code"
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """Signs of several currencies, such as `$`, are none."""
        spellings = tables.codes("currencies", self.currency)
        prepared = f"lower({TRIMMED})"
        return Recognised("a currency", "varchar", prepared=prepared, spellings=spellings)


class Units(Model):
    """An amount with a unit, such as `12.5 lb`, as a number of one unit."""

    unit: str
    """The unit of the numbers, such as `kg`."""
    assumed: str | None = None
    """The unit of amounts written without one; none: they are no amounts."""
    on_error: OnError = "fail"
    """What becomes of a text that is none: the run fails, it becomes NULL, or its row is held."""

    def read(self) -> Recognised:
        """A number with a decimal point, and a unit of the same dimension behind it."""
        pattern = "'^([+-]?[0-9]+([.][0-9]+)?) *([a-z°][a-z°/0-9]*)?$'"
        known = units.conversions(self.unit)
        if self.assumed is not None:
            known = {"": known[self.assumed], **known}
        number = f"CAST(NULLIF(regexp_extract($x, {pattern}, 1), '') AS DOUBLE)"
        whens = " ".join(
            f"WHEN {_quoted(name)} THEN {number} * CAST({a!r} AS DOUBLE) + CAST({b!r} AS DOUBLE)"
            for name, (a, b) in known.items()
        )
        found = f"CASE regexp_extract($x, {pattern}, 3) {whens} END"
        noun = f"an amount in {self.unit}"
        return Recognised(noun, "double", found, prepared=f"lower({TRIMMED})")

    def problems(self, given: Input, path: Path) -> list[Problem]:  # noqa: ARG002
        """Units that are not known, or of another dimension."""
        if self.unit not in units.NAMES:
            message = f"there is no unit `{self.unit}` here"
            hint = did_you_mean(self.unit, units.NAMES, noun="units")
            return [Problem("PSK-STEP-036", message, (*path, "unit"), hint)]
        if self.assumed is None or self.assumed in units.conversions(self.unit):
            return []
        message = f"`{self.assumed}` is no unit that becomes {self.unit}"
        hint = f"one of {', '.join(units.conversions(self.unit))}"
        return [Problem("PSK-STEP-036", message, (*path, "assumed"), hint)]


Form = Booleans | Dates | Emails | Phones | Countries | Currencies | Units
ALONE: Mapping[str, Form] = {
    "boolean": Booleans(
        boolean=Truth(
            yes=["true", "t", "yes", "y", "on", "1"], no=["false", "f", "no", "n", "off", "0"]
        )
    ),
    "email": Emails(),
    "currency": Currencies(),
}


def problems(form: Form, given: Input, path: Path) -> list[Problem]:
    """What is wrong with a form's own options."""
    return form.problems(given, path) if isinstance(form, Dates | Phones | Units) else []


def _dialling() -> Mapping[str, Mapping[str, str]]:
    return {row["country"]: row for row in tables.rows("phones")}


def _texts(texts: Sequence[str]) -> list[str]:
    return [_quoted(t.strip().lower()) for t in texts]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
