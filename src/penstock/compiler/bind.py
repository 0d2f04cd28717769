"""Pass: finds the schema of every transform, in order, by binding it over those before it.

A dataset made from a broken one is broken too: of it only is said what does not follow from that.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from penstock.compiler.bind_model import bind_model
from penstock.compiler.bind_python import bind_command, bind_python
from penstock.compiler.bind_steps import bind_steps
from penstock.compiler.guesses import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.compiler.state import Compilation, Made
    from penstock.program import Column
    from penstock.spec.models import Transform

    Bind = Callable[[Compilation, str], tuple[Made, tuple[Column, ...]] | None]


def bind(state: Compilation) -> None:
    """Fill `state.made` and the schemas of transforms."""
    transforms = state.definition.pipeline.transforms
    wrong = _wrong_themselves(state)
    for name in state.order:
        info = state.datasets[name]
        if info.kind == "source":
            continue
        _told_gap(state, name)
        if any(d in state.broken for d in info.depends_on):
            state.broken.add(name)
            way = _way(transforms[name])
            if name not in wrong and way in (bind_model, bind_steps):
                look(state, name, partial(way, state, name))
            continue
        if name in state.broken:
            continue
        found = _way(transforms[name])(state, name)
        if found is None or name in state.broken_off:
            state.broken.add(name)
            continue
        made, schema = found
        state.made[name] = made
        state.datasets[name] = dataclasses.replace(state.datasets[name], schema=schema)
        state.binder.create(name, schema)


def _wrong_themselves(state: Compilation) -> set[str]:
    """Broken datasets that are not only made from broken ones."""
    needs = {n: i.depends_on for n, i in state.datasets.items()}
    return {n for n in state.broken if not any(d in state.broken for d in needs.get(n, ()))}


def _way(transform: Transform) -> Bind:
    if transform.sql is not None:
        return bind_model
    if transform.steps is not None:
        return bind_steps
    return bind_python if transform.python is not None else bind_command


def _told_gap(state: Compilation, name: str) -> None:
    """A kind of transform that the engine does not run."""
    transform = state.definition.pipeline.transforms[name]
    for kind in ("sql", "steps", "python", "command"):
        if getattr(transform, kind) is None:
            continue
        gap = state.capabilities.gap(kind)
        if gap:
            state.tell(
                gap.code,
                f"`{kind}` is not available on {state.capabilities.engine}: {gap.because}",
                state.definition.positions.key(("transforms", name, kind)),
                engines=(state.capabilities.engine,),
            )
