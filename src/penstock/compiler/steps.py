"""Pass: checks the options of every declarative step against the step's own model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import transforms
from penstock.compiler.state import StepUse
from penstock.diagnostics import did_you_mean
from penstock.spec.check import check

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Path


def check_steps(state: Compilation) -> None:
    """Fill `state.steps`; a step that is wrong breaks its dataset."""
    for name, transform in state.definition.pipeline.transforms.items():
        if transform.steps is None:
            continue
        uses = [
            _checked(state, step, ("transforms", name, "steps", i), i)
            for i, step in enumerate(transform.steps)
        ]
        state.steps[name] = tuple(u for u in uses if u is not None)
        if None in uses:
            state.broken.add(name)


def _checked(state: Compilation, step: dict[str, Any], path: Path, number: int) -> StepUse | None:
    positions = state.definition.positions
    names = list(step)
    if len(names) != 1:
        message = "a step is one key, its name"
        if names:
            message += f", and here are {len(names)}: {', '.join(names)}"
        hint = "begin each step with a dash of its own"
        state.tell("PSK-STEP-002", message, positions.key((*path, *names[1:2])), hint)
        return None
    name = names[0]
    if name not in transforms.STEPS:
        hint = did_you_mean(name, transforms.STEPS, noun="steps")
        state.tell("PSK-STEP-001", f"no step named `{name}`", positions.key((*path, name)), hint)
        return None
    model = transforms.load(name)
    options = step[name]
    if options is None and name == "deduplicate":
        options = {}  # without options it is about whole rows
    checked, found = check(
        model, options, (*path, name), positions, area="STEP", noun=f"step `{name}`"
    )
    state.found += found
    return None if checked is None else StepUse(number, name, checked)
