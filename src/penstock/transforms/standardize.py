"""standardize: `standardize: {carrier: [trim, upper]}`: one spelling for the same text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from sqlglot import exp, parse_one

from penstock.spec.base import Model
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, StepOf, unknown_column
from penstock.transforms.meaning import Meaning
from penstock.transforms.names import column
from penstock.transforms.operations import Project, replaced
from penstock.transforms.recognise import (
    ALONE,
    Booleans,
    Countries,
    Currencies,
    Dates,
    Emails,
    Form,
    Phones,
    Units,
    problems,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Case = Literal["lower", "upper", "title"]
Plain = Literal["trim", "squeeze", "nfc", "lower", "upper", "title"]
Known = Literal["boolean", "email", "currency"]
# Space, tab, line feed, vertical tab, form feed, carriage return, no-break space: the same on
# every engine, whatever its own trim() takes for white space.
_SPACE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)"
# trim() with a set of characters takes ten times as long as looking at both ends first: `!` is the
# character after the space, so that what is below it is white space or another control character.
# substr, because DuckDB moves it above a join, and right() it does not.
_TRIM = (
    "CASE WHEN x < '!' OR unicode(x) = 160 OR substr(x, -1) < '!' OR substr(x, -1) = chr(160) "
    f"THEN trim(x, {_SPACE}) ELSE x END"
)
_SPACES = r"'[ \t\n\x0B\f\r\x{00A0}]+'"
_WORDS = (
    "array_to_string(list_transform(string_split(x, ' '), "
    "lambda w: upper(left(w, 1)) || lower(substr(w, 2))), ' ')"
)


class Replace(Model):
    """Replaces text by text, everywhere in the value, in the order written."""

    replace: dict[str, str] = Field(min_length=1)


class Cased(Model):
    """Letter case, in its long form."""

    case: Case


_KEYS = ("replace", "case", "boolean", "date", "email", "phone", "country", "currency", "unit")


def _kind(value: Any) -> str | None:
    """Which of the ways a value is, so that only that one says what is wrong with it."""
    if isinstance(value, str):
        return "a word"
    names = value if isinstance(value, dict) else type(value).__dict__.get("model_fields", {})
    return next((f"a form: {key}" for key in _KEYS if key in names), None)


_HOW = "a form of text is a word such as `trim`, or has one of the keys " + ", ".join(_KEYS)
Way = Annotated[
    Annotated[Plain | Known, Tag("a word")]
    | Annotated[Replace, Tag("a form: replace")]
    | Annotated[Cased, Tag("a form: case")]
    | Annotated[Booleans, Tag("a form: boolean")]
    | Annotated[Dates, Tag("a form: date")]
    | Annotated[Emails, Tag("a form: email")]
    | Annotated[Phones, Tag("a form: phone")]
    | Annotated[Countries, Tag("a form: country")]
    | Annotated[Currencies, Tag("a form: currency")]
    | Annotated[Units, Tag("a form: unit")],
    Discriminator(_kind, custom_error_type="form", custom_error_message=_HOW),
]


def _number(value: Any) -> str:
    return "several ways" if isinstance(value, list) else "one way"


Ways = Annotated[
    Annotated[Way, Tag("one way")] | Annotated[list[Way], Tag("several ways")],
    Discriminator(_number),
]


class Standardize(StepOf[dict[str, Ways]]):
    """Brings text into one form, column by column, in the order written.

    `trim` takes white space off both ends, `squeeze` makes one space of each run of white space,
    `nfc` makes one code point of a letter and the marks behind it (Unicode's normal form C),
    `lower`, `upper` and `title` set letter case (`title`: the first letter of each word, words
    parted by spaces), `replace: {from: to}` replaces text. NULL stays NULL.

    The last form of a column may say what the text means: `boolean`, `date` from several formats,
    `email`, `phone` (E.164), `country` and `currency` (ISO codes), `unit` (a number of one unit).
    White space around it does not count. A text that is none fails the run, unless `on_error` says
    otherwise.
    """

    root: dict[str, Ways] = Field(min_length=1)

    @model_validator(mode="after")
    def _something_to_find(self) -> Standardize:
        for wanted in self.root.values():
            ways = wanted if isinstance(wanted, list) else [wanted]
            for way in ways:
                if isinstance(way, Replace) and "" in way.replace:
                    raise refuse("`replace` needs a text to find, not an empty one")
            if any(_form(way) for way in ways[:-1]):
                raise refuse("a form that says what a text means is the last one of its column")
        return self

    def build(self, given: Input) -> Built:
        """The columns in their new form."""
        built = Built(dict(given.columns))
        rounds: list[dict[str, exp.Expr]] = [{}]
        meaning = Meaning(given)
        for name, wanted in self.root.items():
            type_name = given.columns.get(name)
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, (name,), at_key=True))
                continue
            if type_name not in {"varchar", None}:
                message = f"`{name}` is {type_name}, and `standardize` works on text"
                hint = f"cast it first: `cast: {{{name}: varchar}}`"
                built.problems.append(Problem("PSK-STEP-042", message, (name,), hint, at_key=True))
                continue
            ways = wanted if isinstance(wanted, list) else [wanted]
            if form := _form(ways[-1]):
                path = (name, len(ways) - 1) if isinstance(wanted, list) else (name,)
                built.problems += problems(form, given, path)
                meaning.add(name, form, path)
                built.columns[name] = meaning.types.get(name)
            plain = [way for way in ways if not _form(way)]
            for i, tree in enumerate(_in_rounds(name, plain)):
                rounds += [{}] * (i == len(rounds))
                rounds[i][name] = tree
        built.operations += [Project(replaced(given.columns, made)) for made in rounds]
        if not built.problems:
            built.operations += meaning.operations()
        return built


def _form(way: Way) -> Form | None:
    """The form that says what a text means; None: the way makes text of text."""
    if isinstance(way, str):
        return ALONE.get(way)
    return None if isinstance(way, Replace | Cased) else way


def _in_rounds(name: str, ways: list[Way]) -> list[exp.Expr]:
    """The column after each round; a round ends where an expression would be computed thrice."""
    done: list[exp.Expr] = []
    tree: exp.Expr = column(name)
    for way in ways:
        if way == "trim" and not isinstance(tree, exp.Column):
            done.append(tree)
            tree = column(name)
        tree = _applied(way, tree)
    return [*done, tree]


def _applied(way: Way, tree: exp.Expr) -> exp.Expr:
    if isinstance(way, Replace):
        for old, new in way.replace.items():
            found, put = exp.Literal.string(old), exp.Literal.string(new)
            tree = exp.Replace(this=tree, expression=found, replacement=put)
        return tree
    return _WAYS[way.case if isinstance(way, Cased) else str(way)](tree)


@cache
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, read="duckdb")


def _template(sql: str) -> Callable[[exp.Expr], exp.Expr]:
    """A function that puts an expression in the place of `x`."""

    def fill(tree: exp.Expr) -> exp.Expr:
        made = _parsed(sql).copy()
        for node in list(made.find_all(exp.Column)):
            if node.name == "x":
                node.replace(tree.copy())
        return made

    return fill


_WAYS: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "trim": _template(_TRIM),
    "nfc": _template("nfc_normalize(x)"),
    "squeeze": _template(f"regexp_replace(x, {_SPACES}, ' ', 'g')"),
    "lower": _template("lower(x)"),
    "upper": _template("upper(x)"),
    "title": _template(_WORDS),
}
