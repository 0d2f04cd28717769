"""Pass: warns of datasets that nothing reads, and of a pipeline that publishes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.compiler.state import Compilation


def warn_of_unused(state: Compilation) -> None:
    """Warn; a dataset that is only checked is of use, and a broken reader still reads."""
    pipeline = state.definition.pipeline
    positions = state.definition.positions
    if not pipeline.targets and not state.definition.broken:
        state.tell(
            "PSK-REF-005",
            "nothing is published: the pipeline has no targets",
            positions.key(("targets",)),
            "add a target under `targets`",
            severity="warning",
        )
        return
    used = set(_used(state))
    # What is wrong may be the very thing that would have read it.
    if not state.valid:
        return
    for name, info in state.datasets.items():
        if name not in used:
            section = "sources" if info.kind == "source" else "transforms"
            state.tell(
                "PSK-REF-004",
                f"nothing reads `{name}`",
                positions.key((section, name)),
                "publish it under `targets`, or take it out",
                severity="warning",
            )


def _used(state: Compilation) -> Iterator[str]:
    for info in state.datasets.values():
        yield from info.depends_on
    for target in state.definition.pipeline.targets.values():
        yield target.from_
    yield from state.definition.pipeline.quality
    yield from state.read_by_rules
    for kpi in state.kpis:
        yield from kpi.depends_on
