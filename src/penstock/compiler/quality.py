"""Pass: reads the quality rules and compiles each over its dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.compiler.files import read_file
from penstock.compiler.graph import reached
from penstock.compiler.holding import add_checks
from penstock.compiler.own_rules import evaluating, has_user_sql, with_own
from penstock.quality import BindFailure, compile_rule, parse_rules
from penstock.spec.text import TextFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from penstock.compiler.state import Compilation, Path
    from penstock.diagnostics import Span
    from penstock.program import Action, Column
    from penstock.quality import Rule

ACTIONS: tuple[Action, ...] = ("quarantine", "stop", "warn")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of rules; `span` is of so many characters at an offset of it."""

    text: str
    span: Callable[[int, int], Span]


def check_quality(state: Compilation) -> None:
    """Fill `state.checks`: by dataset in order of making, then by action."""
    quality = state.definition.pipeline.quality
    schemas = {n: i.schema for n, i in state.datasets.items() if n not in state.broken}
    names = [n for n in state.order if n in quality or n in state.held]
    names += [n for n in quality if n not in state.datasets]  # their rules are read all the same
    for dataset in names:
        for action in ACTIONS:
            if dataset not in state.broken:
                add_checks(state, dataset, action, schemas)
            for text in _texts(state, dataset, action):
                parsed = parse_rules(text.text)
                for error in parsed.errors:
                    span = text.span(error.offset, error.length)
                    state.tell(error.code, error.message, span, error.hint)
                for rule in parsed.rules:
                    if dataset in schemas:
                        _compile(state, dataset, action, rule, text, schemas)


def _texts(state: Compilation, dataset: str, action: Action) -> Iterator[_Text]:
    positions = state.definition.positions
    quality = state.definition.pipeline.quality
    for i, entry in enumerate(getattr(quality[dataset], action) if dataset in quality else ()):
        path: Path = ("quality", dataset, action, i)
        if entry == "" and not state.valid:
            continue  # what stood there is no rule, and told
        if isinstance(entry, str):
            yield _Text(entry, _inside(state, path))
            continue
        file = entry["file"]
        text = read_file(state, file, positions.value((*path, "file")), noun="ruleset")
        if text is not None:
            yield _Text(text, _in_file(TextFile(file, text)))


def _inside(state: Compilation, path: Path) -> Callable[[int, int], Span]:
    return lambda offset, length: state.definition.positions.inside(path, offset, length)


def _in_file(file: TextFile) -> Callable[[int, int], Span]:
    return lambda offset, length: file.span(offset, offset + length)


def _compile(
    state: Compilation,
    dataset: str,
    action: Action,
    rule: Rule,
    text: _Text,
    schemas: Mapping[str, Sequence[Column]],
) -> None:
    compiled = compile_rule(
        rule,
        dataset=dataset,
        action=action,
        schema=schemas[dataset],
        capabilities=evaluating(state),
        datasets=schemas,
        variables=state.definition.variables,
        bind=_binder(state),
    )
    for error in compiled.errors:
        span = text.span(error.offset, error.length)
        state.tell(error.code, error.message, span, error.hint)
    span = text.span(rule.place.offset, rule.place.length)
    others = tuple(d for d in compiled.depends_on if d != dataset)
    state.read_by_rules |= set(others)
    if _made_from(state, dataset, others, rule, span) or compiled.check is None:
        return
    state.places[f"check:{len(state.checks)}"] = span
    user_sql = has_user_sql(rule)
    state.checks.append(with_own(state, compiled.check, schemas, user_sql=user_sql))


def _binder(state: Compilation) -> Callable[[str], BindFailure | None]:
    def bind(sql: str) -> BindFailure | None:
        bound = state.binder.describe(sql)
        if not bound.failures:
            return None
        first = bound.failures[0]
        return BindFailure(first.message, first.offset, first.length, first.hint)

    return bind


def _made_from(
    state: Compilation, dataset: str, others: tuple[str, ...], rule: Rule, span: Span
) -> bool:
    """Whether the rule reads a dataset that has to wait for the one it is about; that is told.

    One waits for another because it is made from it, or because a rule of its own reads it.
    """
    needs = {n: [*i.depends_on] for n, i in state.datasets.items()} if others else {}
    for check in state.checks if others else ():
        needs[check.dataset] += check.depends_on
    late = [o for o in others if dataset in reached({o}, needs)]
    if late:
        state.tell(
            "PSK-DQ-030",
            f"a rule about `{dataset}` is evaluated before `{late[0]}` is made from it: "
            f"`{rule.text}`",
            span,
            f"put the rule under `{late[0]}`",
        )
    return bool(late)
