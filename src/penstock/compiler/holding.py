"""Datasets and checks of the compiler's own, where a step of a chain holds rows in quarantine."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.compiler.own_rules import evaluating, with_own
from penstock.compiler.state import DatasetInfo
from penstock.program import Check, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.compiler.state import Compilation, Made, StepUse
    from penstock.program import Action
    from penstock.transforms.base import Columns
    from penstock.transforms.parts import Part


def part_name(dataset: str, use: StepUse) -> str:
    """The dataset of the rows that a step, counted from 1, lets through.

    No name of a user's own has two underscores.
    """
    return f"{dataset}__{use.name}{use.number + 1}"


def add_part(
    state: Compilation, name: str, part: str, made: Made, source: str, columns: Columns
) -> None:
    """Put a dataset before the one whose chain it is the beginning of."""
    schema = tuple(Column(c, str(t)) for c, t in columns.items())
    state.made[part] = made
    depends = depends_on(state, source, made.parts)
    state.datasets[part] = DatasetInfo(part, "transform", schema, None, depends, part_of=name)
    state.binder.create(part, schema)
    at = state.order.index(name)
    state.order = (*state.order[:at], part, *state.order[at:])


def reads_instead(state: Compilation, name: str, source: str, parts: Sequence[Part]) -> None:
    """The dataset starts from a part of its own."""
    depends = depends_on(state, source, parts)
    state.datasets[name] = dataclasses.replace(state.datasets[name], depends_on=depends)


def depends_on(state: Compilation, source: str, parts: Iterable[Part]) -> tuple[str, ...]:
    """What a chain starts from, then the datasets that it looks into."""
    read = [r for part in parts for r in (*part.reads, *part.excluded_reads)]
    return tuple(dict.fromkeys([source, *(r for r in read if r in state.datasets)]))


def add_checks(
    state: Compilation, dataset: str, action: Action, schemas: Mapping[str, Sequence[Column]]
) -> None:
    """Add the checks that steps have about a dataset."""
    for one in state.held.get(dataset, ()):
        if one.rule.action != action:
            continue
        keeps = exp.Coalesce(this=one.rule.keeps.copy(), expressions=[exp.false()])
        broken = exp.Filter(
            this=exp.Count(this=exp.Star()),
            expression=exp.Where(this=exp.Not(this=keeps.copy())),
        )
        none = exp.EQ(this=broken.copy(), expression=exp.Literal.number(0))
        render = evaluating(state).render
        state.places[f"check:{len(state.checks)}"] = one.span
        state.read_by_rules |= set(one.rule.reads)
        check = Check(
            dataset=dataset,
            rule=one.rule.text,
            action=action,
            passed=render(none),
            observed={},
            failed_rows=render(broken),
            predicate=render(keeps),
            depends_on=one.rule.reads,
        )
        state.checks.append(with_own(state, check, schemas, user_sql=True))
