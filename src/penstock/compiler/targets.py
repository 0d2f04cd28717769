"""Pass: checks what is published, where and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.diagnostics import did_you_mean
from penstock.program import Load
from penstock.runtime import registry

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation
    from penstock.spec.models import Target


def check_targets(state: Compilation) -> None:
    """Fill `state.loads`."""
    for name, target in state.definition.pipeline.targets.items():
        if target.connector not in registry.TARGETS:
            continue  # a gap, and told already
        options = registry.load(registry.TARGETS[target.connector].options)
        # penstock.runtime.targets.base.TargetCapabilities: the compiler imports no connector.
        capabilities: Any = options.capabilities
        whole = name not in state.definition.broken
        fine = whole and _can(state, name, target, capabilities)
        if target.from_ in state.broken or target.from_ not in state.datasets:
            continue
        fine = _has_columns(state, name, target, capabilities) and fine
        fine = _can_partition(state, name, target, capabilities) and fine
        if fine:
            state.loads.append(_load(state, name, target))
            _remark(state, name, target, capabilities)


def _remark(state: Compilation, name: str, target: Target, capabilities: Any) -> None:
    found = capabilities.remark(target.options, target.partition_by)
    if found is not None:
        span = state.definition.positions.value(("targets", name, "connector"))
        state.tell(found.code, f"`{name}` {found.because}", span, severity="info")


def _load(state: Compilation, name: str, target: Target) -> Load:
    return Load(
        target=name,
        dataset=target.from_,
        connector=target.connector,
        options=target.options,
        schema=state.datasets[target.from_].schema,
        mode=target.mode,
        keys=tuple(target.keys),
        partition_by=tuple(target.partition_by),
    )


def _can(state: Compilation, name: str, target: Target, capabilities: Any) -> bool:
    """Whether the connector has the mode, the partitions and the format asked for."""
    positions = state.definition.positions
    before = len(state.found)
    who = f"the connector `{target.connector}`"
    if target.mode not in capabilities.modes:
        span = positions.value(("targets", name, "mode"))
        hint = did_you_mean(target.mode, capabilities.modes, noun="its modes")
        if "mode" not in target.model_fields_set:
            hint = f"say which: {', '.join(capabilities.modes)}"
        state.tell("PSK-TGT-010", f"{who} has no mode `{target.mode}`", span, hint)
    if target.partition_by and not capabilities.partition_by:
        span = positions.key(("targets", name, "partition_by"))
        state.tell("PSK-TGT-013", f"{who} has no partitions", span, "take `partition_by` away")
    if target.keys and target.mode != "merge":
        state.tell(
            "PSK-TGT-014",
            f"`keys` are for `mode: merge`, and the mode of `{name}` is `{target.mode}`",
            positions.key(("targets", name, "keys")),
            "say `mode: merge`, or take `keys` away",
            severity="warning",
        )
    form = target.options.get("format")
    gap = capabilities.gap(form) if isinstance(form, str) else None
    if gap:
        span = positions.value(("targets", name, "format"))
        message = f"`format: {form}` is not available: {gap.because}"
        state.tell(gap.code, message, span, _formats(capabilities))
    return not any(d.severity == "error" for d in state.found[before:])


def _formats(capabilities: Any) -> str:
    written = [f for f, gap in capabilities.formats.items() if gap is None]
    return f"formats that it writes: {', '.join(written)}"


def _has_columns(state: Compilation, name: str, target: Target, capabilities: Any) -> bool:
    """Whether the dataset has the columns under `keys`, `partition_by` and in the options."""
    columns = state.schema(target.from_)
    fine = True
    named = [(("keys", i), c) for i, c in enumerate(target.keys)]
    named += [(("partition_by", i), _part(target, c, capabilities)[0])
              for i, c in enumerate(target.partition_by)]  # fmt: skip
    named += capabilities.option_columns(target.options)
    for path, column in named:
        if column not in columns:
            fine = False
            state.tell(
                "PSK-TGT-011",
                f"`{target.from_}` has no column `{column}`",
                state.definition.positions.value(("targets", name, *path)),
                did_you_mean(column, columns, noun="columns"),
            )
    return fine


def _part(target: Target, text: str, capabilities: Any) -> tuple[str, frozenset[str]]:
    """The column of an entry of `partition_by`, and the types it may have."""
    form = target.options.get("format")
    found: tuple[str, frozenset[str]] = capabilities.partition_column(text, form)
    return found


def _can_partition(state: Compilation, name: str, target: Target, capabilities: Any) -> bool:
    """Whether the partition columns are of types that make folders, and leave other columns."""
    columns = state.schema(target.from_)
    positions = state.definition.positions
    fine = True
    for i, text in enumerate(target.partition_by):
        column, allowed = _part(target, text, capabilities)
        kind = types.parse(columns[column]).name if column in columns else None
        if kind and allowed and kind not in allowed:
            fine = False
            state.tell(
                "PSK-TGT-015",
                f"`{column}` is {columns[column]}, and partitions are made of plain values",
                positions.value(("targets", name, "partition_by", i)),
                f"types of columns for `{text}`: {', '.join(sorted(allowed))}",
            )
    if target.partition_by and set(target.partition_by) >= set(columns):
        fine = False
        state.tell(
            "PSK-TGT-012",
            f"`{name}` is partitioned by every column of `{target.from_}`",
            positions.key(("targets", name, "partition_by")),
            "partition columns are in the folders' names: leave at least one for the files",
        )
    return fine
