"""Compiles a rule into a Check."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.program import Action, Column
    from penstock.quality.ast import Rule
    from penstock.quality.compiled import BindFailure, CompiledRule, RuleCapabilities

Scalar = str | int | float | bool | None


def compile_rule(
    rule: Rule,
    *,
    dataset: str,
    action: Action,
    schema: Sequence[Column],
    capabilities: RuleCapabilities,
    datasets: Mapping[str, Sequence[Column]] | None = None,
    variables: Mapping[str, Scalar] | None = None,
    bind: Callable[[str], BindFailure | None] | None = None,
) -> CompiledRule:
    """Compile one rule over one dataset.

    Args:
        rule: as `parse_rules` gave it.
        dataset: the dataset's name.
        action: what a failure does; `quarantine` needs a rule about rows.
        schema: the dataset's columns.
        capabilities: how the engine's SQL is rendered.
        datasets: every dataset of the pipeline with its schema: what CustomSql may name.
            None: names are not checked.
        variables: values of `$NAME` in `where` and CustomSql.
        bind: binds a DuckDB query over the datasets (under their own names), to find wrong
            columns and types inside `where` and CustomSql at their exact place.
    """
    raise NotImplementedError
