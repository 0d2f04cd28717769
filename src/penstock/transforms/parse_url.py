"""parse_url: `parse_url: {column: url, take: [host, path], parameters: {source: utm_source}}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Operation, Step
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import Path, misfit, new_names
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import exp

Part = Literal["scheme", "host", "port", "path", "query", "fragment", "user"]
# What stands between the parts is found by its first place, as RFC 3986 (appendix B) has it.
# Each round reads what the round before it found.
_ROUNDS = (
    {
        "start": "split_part($x, '#', 1)",
        "fragment": "CASE WHEN strpos($x, '#') > 0 THEN substr($x, strpos($x, '#') + 1) END",
    },
    {
        "whole": "split_part($start, '?', 1)",
        "query": "CASE WHEN strpos($start, '?') > 0 "
        "THEN substr($start, strpos($start, '?') + 1) END",
    },
    {
        "scheme": r"CASE WHEN regexp_matches($whole, '^[A-Za-z][A-Za-z0-9+.-]*:') "
        "THEN lower(split_part($whole, ':', 1)) END",
    },
    {
        "rest": "CASE WHEN $scheme IS NULL THEN $whole "
        "ELSE substr($whole, length($scheme) + 2) END",
    },
    {
        "authority": "CASE WHEN substr($rest, 1, 2) = '//' "
        "THEN split_part(substr($rest, 3), '/', 1) END",
    },
    {
        "path": "CASE WHEN $authority IS NULL THEN $rest "
        "ELSE substr($rest, length($authority) + 3) END",
        "user": "CASE WHEN strpos($authority, '@') > 0 THEN split_part($authority, '@', 1) END",
    },
    {
        "place": "CASE WHEN $user IS NULL THEN $authority "
        "ELSE substr($authority, length($user) + 2) END",
    },
    {"digits": "regexp_extract($place, ':([0-9]*)$', 1)"},
    {
        "host": "lower(CASE WHEN regexp_matches($place, ':[0-9]*$') "
        "THEN substr($place, 1, length($place) - length($digits) - 1) ELSE $place END)",
        "port": "CASE WHEN regexp_matches($digits, '^[0-9]{1,5}$') "
        "THEN CAST($digits AS integer) END",
    },
)
_TYPES = {"port": "integer"}


class ParseUrl(Step):
    """Takes a URL apart. The text stays; its parts are new columns. What is not there is NULL.

    Scheme and host become lower case. Nothing is decoded: `%20` stays `%20`. A text that is no
    URL has a path alone. A path, a query or a fragment may be an empty text, as in `http://a?#`.
    """

    column: str
    """The text."""
    take: list[Part] | dict[str, Part] = Field(default_factory=list)
    """Parts, which name the new columns; or new column → part. Of `http://jane@a.org:80/b?c=1#d`:
    `scheme` http, `user` jane, `host` a.org, `port` 80, `path` /b, `query` c=1, `fragment` d."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """New column → the parameter of the query that it holds: its first value, undecoded."""

    @model_validator(mode="after")
    def _does_something(self) -> ParseUrl:
        if not self.take and not self.parameters:
            raise refuse("`parse_url` needs `take` or `parameters`")
        for name in self.parameters.values():
            if not name or re.search(r"[&=#?\s]", name):
                raise refuse(f"`{name}` is no name of a parameter")
        return self

    def build(self, given: Input) -> Built:
        """Some rounds of projections; the chain merges them where that is safe."""
        wrong = misfit(self.column, given.columns, ("text",), ("column",), step="parse_url")
        built = Built(dict(given.columns), problems=[wrong] if wrong else [])
        take = self.take if isinstance(self.take, dict) else {part: part for part in self.take}
        keyed = isinstance(self.take, dict)
        names: list[tuple[str, Path]] = [
            (new, ("take", new if keyed else i)) for i, new in enumerate(take)
        ]
        names += [(new, ("parameters", new)) for new in self.parameters]
        built.problems += new_names(names, given.columns)
        made: dict[str, exp.Expr] = {}
        wanted = {*take.values(), *(["query"] if self.parameters else [])}
        alias = _aliases(self.column, [*given.columns, *take, *self.parameters])
        built.operations += _rounds(list(given.columns), alias, wanted)
        for new, part in take.items():
            made[new] = column(alias[part])
            built.columns[new] = _TYPES.get(part, "varchar")
        for new, parameter in self.parameters.items():
            made[new] = _parameter(column(alias["query"]), parameter)
            built.columns[new] = "varchar"
        kept = {name: column(name) for name in given.columns}
        built.operations.append(Project(kept | made))
        return built


def _aliases(text: str, taken: Iterable[str]) -> dict[str, str]:
    """Names for the parts while they are looked for."""
    found = {"x": text}
    used = list(taken)
    for parts in _ROUNDS:
        for part in parts:
            found[part] = fresh(f"url_{part}", used)
            used.append(found[part])
    return found


def _rounds(columns: list[str], alias: dict[str, str], wanted: set[str]) -> list[Operation]:
    """The projections that find these parts, and nothing that they do not need."""
    needed = set(wanted)
    for parts in reversed(_ROUNDS):
        for part, sql in parts.items():
            if part in needed:
                needed |= set(re.findall(r"\$(\w+)", sql))
    found: list[Operation] = []
    there = list(columns)
    for parts in _ROUNDS:
        trees = {part: column(name) for part, name in alias.items()}
        made = {
            alias[part]: filled(sql, **{n: trees[n] for n in re.findall(r"\$(\w+)", sql)})
            for part, sql in parts.items()
            if part in needed
        }
        if made:
            found.append(Project(replaced(there, made)))
            there += made
    return found


def _parameter(query: exp.Expr, name: str) -> exp.Expr:
    """The first value of a parameter; NULL: there is none of that name."""
    return filled(
        "CASE WHEN strpos('&' || $query, $start) > 0 THEN split_part(substr('&' || $query, "
        "strpos('&' || $query, $start) + length($start)), '&', 1) END",
        query=query,
        start=f"&{name}=",
    )
