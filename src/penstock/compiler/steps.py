"""Pass: checks the options of every declarative step against the step's own model."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock import transforms
from penstock.compiler.state import StepUse
from penstock.diagnostics import did_you_mean
from penstock.spec.check import check
from penstock.spec.salvage import UNREAD

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Path
    from penstock.diagnostics import Diagnostic


def check_steps(state: Compilation) -> None:
    """Fill `state.steps`; a chain breaks off at the first step that is wrong."""
    for name, transform in state.definition.pipeline.transforms.items():
        if transform.steps is None:
            continue
        uses = [
            _checked(state, step, ("transforms", name, "steps", i), i)
            for i, step in enumerate(transform.steps)
        ]
        sound = tuple(itertools.takewhile(lambda use: use is not None, uses))
        state.steps[name] = tuple(use for use in sound if use is not None)
        if len(sound) < len(uses):
            state.broken_off.add(name)


def _about_commas(found: Diagnostic) -> Diagnostic:
    """`{x: coalesce(a, 0)}`: YAML ends the entry at the comma, and `0)` becomes an empty key."""
    if found.hint or not re.match(r"`[^`]*\).*empty$", found.message):
        return found
    hint = "a comma ends an entry inside { }: put the expression in quotes, or each on its own line"
    return replace(found, hint=hint)


def _checked(state: Compilation, step: dict[str, Any], path: Path, number: int) -> StepUse | None:
    positions = state.definition.positions
    names = list(step)
    if names == [UNREAD]:
        return None
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
    state.found += [_about_commas(d) for d in found]
    return None if checked is None else StepUse(number, name, checked)
