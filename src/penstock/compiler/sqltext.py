"""The text of an SQL model: where it stands, and the one SELECT it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one, tokenize
from sqlglot.tokenizer_core import TokenType

from penstock import sql_size
from penstock.dialects.portable.reading import UNREAD
from penstock.transforms.base import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlglot.tokenizer_core import Token

    from penstock.compiler.binder import Binder
    from penstock.diagnostics import Span

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^}]*\}", re.DOTALL)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Copy, exp.Into)
_TELLS = (exp.Describe, exp.Summarize, exp.Show, exp.Command)
# Functions in FROM that read nothing.
_PURE = {"range", "generate_series", "unnest"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in FROM that is no CTE: `length` characters at `offset` of the text."""

    name: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is one SELECT.

    Attributes:
        span: of so many characters at an offset of the text, in the user's file.
        tree: as sqlglot reads it.
        references: every dataset named in FROM, in order, each as often as it is.
    """

    text: str
    span: Callable[[int, int], Span]
    tree: exp.Query
    references: tuple[Reference, ...]


def read_model(
    text: str, span: Callable[[int, int], Span], binder: Binder
) -> tuple[Model | None, list[Failure]]:
    """Read a model's text: exactly one SELECT over datasets, and nothing that reads elsewhere."""
    if not re.sub(r"--[^\n]*|/\*.*?\*/|[\s;]", "", text, flags=re.DOTALL):
        return None, [Failure("PSK-SQL-119", "the model is empty", "write a SELECT")]
    words = sql_size.words(text)
    large = sql_size.too_large(words)
    if large is not None:
        place = (large.offset, large.length)
        return None, [Failure(sql_size.CODE, large.message, large.hint, *place)]
    text = _without_end(text, words)
    kinds, wrong = binder.parse(text)
    wrong = (_template(text) or wrong) if wrong else _one_select(kinds, text)
    if wrong is not None:
        return None, [wrong]
    try:
        tree = parse_one(text, read="duckdb")
    except UNREAD as error:
        return None, [_unread(error, text)]
    change = tree.find(*_CHANGES, *_TELLS)
    if isinstance(tree, (exp.Pivot, exp.Values)) and not change:
        return None, [_to_be_selected(tree, text)]
    if not isinstance(tree, exp.Query) or change:
        return None, [_not_a_select((change or tree).key.upper(), text)]
    references, elsewhere = _tables(tree, text)
    if elsewhere:
        return None, elsewhere
    return Model(text, span, tree, tuple(references)), []


def _without_end(text: str, words: list[Token]) -> str:
    """The text without the semicolons at its end: DuckDB takes two of them for a statement."""
    end = len(words)
    while end > 1 and words[end - 1].token_type == TokenType.SEMICOLON:
        end -= 1
    return text if end == len(words) else text[: words[end - 1].end + 1]


def _one_select(kinds: list[str], text: str) -> Failure | None:
    if len(kinds) > 1:
        end = _second_statement(text)
        return Failure(
            "PSK-SQL-110",
            f"a model is one SELECT, and here are {len(kinds)} statements",
            "keep one; a CTE (WITH … AS) holds what comes before it",
            end,
            max(1, len(text.rstrip()) - end),
        )
    if kinds == ["MULTI"]:
        return Failure(
            "PSK-SQL-121",
            "a PIVOT that finds its columns in the data has no schema",
            "list the values: PIVOT … ON column IN ('a', 'b')",
            *_first_word(text),
        )
    return None if kinds == ["SELECT"] else _not_a_select(kinds[0] if kinds else "nothing", text)


def _not_a_select(kind: str, text: str) -> Failure:
    message = f"a model is a SELECT, and this is {kind}"
    hint = "Penstock makes the table itself: write only the SELECT that gives its rows"
    return Failure("PSK-SQL-110", message, hint, *_first_word(text))


def _to_be_selected(tree: exp.Pivot | exp.Values, text: str) -> Failure:
    """PIVOT, UNPIVOT and VALUES as whole statements."""
    kind, hint = "VALUES", "SELECT * FROM (VALUES (1, 'a')) AS t(number, letter)"
    if isinstance(tree, exp.Pivot):
        kind = "UNPIVOT" if tree.args.get("unpivot") else "PIVOT"
        first = "WITH … " if tree.args.get("with_") else ""
        hint = f"{first}SELECT * FROM ({kind} …)"
    return Failure(
        "PSK-SQL-110", f"a model is a SELECT, and this is {kind}", hint, *_first_word(text)
    )


def _unread(error: Exception, text: str) -> Failure:
    """DuckDB reads it and sqlglot does not."""
    errors = getattr(error, "errors", None) or [{}]
    line, column = errors[0].get("line"), errors[0].get("col")
    offset, length = None, 0
    if line and column:
        starts = [0, *(m.end() for m in re.finditer(r"\n", text))]
        length = len(errors[0].get("highlight") or "") or 1
        offset = max(0, min(starts[min(line, len(starts)) - 1] + column - length, len(text)))
    message = "DuckDB reads this, but it is outside the SQL that Penstock can read"
    hint = "write it in a plainer way"
    if re.search(r"\bPIVOT\b", text, re.IGNORECASE):
        hint += ": sum(x) FILTER (WHERE key = 'a') AS a, … GROUP BY is a PIVOT too"
    return Failure("PSK-SQL-120", message, hint, offset, length)


def _template(text: str) -> Failure | None:
    found = _TEMPLATE.search(text)
    if not found:
        return None
    name = re.fullmatch(r"\$\{var\.(\w+)\}", found[0])
    hint = f"write `${name[1]}`" if name else "a variable is written `$name`, a dataset by its name"
    start, end = found.span()
    message = f"models are plain SQL, without templates: `{found[0]}`"
    return Failure("PSK-SQL-118", message, hint, start, end - start)


def _tables(tree: exp.Query, text: str) -> tuple[list[Reference], list[Failure]]:
    references: list[Reference] = []
    wrong: list[Failure] = []
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier):
            offset, length = _stands(node.this)
            if node.args.get("db"):
                wrong.append(_qualified(node, offset, length))
            elif _looks_like_file(node.name):
                wrong.append(_reads_elsewhere(f"`{node.name}`", offset, length))
            elif not _is_cte(node):
                references.append(Reference(node.name, offset or 0, length))
        elif _function(node.this) not in _PURE:
            name = _function(node.this)
            wrong.append(_reads_elsewhere(f"`{name}(…)`", *_word(name, text)))
    references.sort(key=lambda r: r.offset)
    return references, wrong


def _qualified(node: exp.Table, offset: int | None, length: int) -> Failure:
    whole = ".".join(p.name for p in node.parts)
    first, _ = _stands(node.parts[0])
    return Failure(
        "PSK-SQL-112",
        f"`{whole}` names a table outside the pipeline",
        "a model reads the pipeline's datasets, each by its plain name",
        first,
        (offset or 0) + length - (first or 0),
    )


def _reads_elsewhere(what: str, offset: int | None, length: int) -> Failure:
    return Failure(
        "PSK-SQL-111",
        f"a model reads datasets only, and {what} reads something else",
        "make it a source in pipeline.yaml and name that source here",
        offset,
        length,
    )


def _looks_like_file(name: str) -> bool:
    return bool(re.search(r"[./\\*:]", name))


def _function(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.GenerateSeries):
        return "generate_series"
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return node.key


def _is_cte(table: exp.Table) -> bool:
    """Whether a CTE of that name is in sight: one written before it, or around it if recursive."""
    name = table.name.lower()
    below: exp.Expr = table
    node = table.parent
    while node is not None:
        for with_ in _withs(node):
            for cte in with_.expressions:
                if below is with_ and _holds(cte, table):
                    if with_.args.get("recursive") and cte.alias.lower() == name:
                        return True
                    break
                if cte.alias.lower() == name:
                    return True
        below, node = node, node.parent
    return False


def _withs(node: exp.Expr) -> Iterator[exp.With]:
    with_ = node.args.get("with_")
    if isinstance(with_, exp.With):
        yield with_


def _holds(cte: exp.Expr, node: exp.Expr) -> bool:
    up: exp.Expr | None = node
    while up is not None and up is not cte:
        up = up.parent
    return up is cte


def _stands(identifier: exp.Expr) -> tuple[int | None, int]:
    start, end = identifier.meta.get("start"), identifier.meta.get("end")
    return (None, 0) if start is None else (start, end - start + 1)


def _word(word: str, text: str) -> tuple[int | None, int]:
    found = re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
    return (found.start(), len(word)) if found else (None, 0)


def _first_word(text: str) -> tuple[int | None, int]:
    tokens = tokenize(text, read="duckdb")
    return (tokens[0].start, len(tokens[0].text)) if tokens else (None, 0)


def _second_statement(text: str) -> int:
    tokens = tokenize(text, read="duckdb")
    for i, token in enumerate(tokens[:-1]):
        if token.text == ";" and tokens[i + 1].text != ";":
            return tokens[i + 1].start
    return 0


_WORDS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\w$]+|[^\w\s]", re.DOTALL)
_REST = re.compile(r"--|/\*|\$\$|\be'", re.IGNORECASE)


def same_words(one: str, other: str) -> bool:
    r"""Whether two queries differ in white space, letter case of words and `AS` alone.

    >>> same_words("SELECT a b FROM t", "select a AS b\nfrom t"), same_words("x", "y")
    (True, False)
    """
    if _REST.search(one) or _REST.search(other):  # comments and other kinds of literals
        return False
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    found = _WORDS.findall(text.rstrip().removesuffix(";"))
    words = [w if w[0] in "'\"" else w.casefold() for w in found]
    return [w for w in words if w != "as"]
