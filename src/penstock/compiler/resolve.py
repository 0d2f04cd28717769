"""Pass: resolves every name of a dataset, and finds the order in which datasets can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.compiler.graph import order_of
from penstock.compiler.state import DatasetInfo
from penstock.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.compiler.state import Compilation, Path
    from penstock.diagnostics import Span


# Where steps name the datasets that they read beside their own rows.
_LOOKS_INTO: tuple[Path, ...] = (
    ("lookup", "from"),
    ("calendar", "holidays", "from"),
    ("geocode", "from"),
    ("union", "from"),
)


@dataclass(frozen=True, slots=True)
class _Use:
    """A dataset named where another is made."""

    name: str
    span: Span


def resolve(state: Compilation) -> None:
    """Fill `state.datasets` (without schemas) and `state.order`."""
    pipeline = state.definition.pipeline
    _told_twice(state)
    known = {*pipeline.sources, *pipeline.transforms, *state.definition.broken}
    needs: dict[str, tuple[str, ...]] = dict.fromkeys(pipeline.sources, ())
    uses: dict[str, list[_Use]] = {}
    for name in pipeline.transforms:
        if name in pipeline.sources:
            continue
        uses[name] = list(_uses(state, name))
        for use in uses[name]:
            if use.name not in known:
                _unknown(state, use.name, known, use.span, itself=name)
                state.broken.add(name)
        needs[name] = tuple(dict.fromkeys(u.name for u in uses[name] if u.name in known))
    _named_elsewhere(state, known)
    order, cycles = order_of(needs)
    for cycle in cycles:
        _told_cycle(state, cycle, uses)
    state.broken |= state.definition.broken
    for name in order:
        if any(n in state.broken for n in needs[name]):
            state.broken.add(name)
        kind = "source" if name in pipeline.sources else "transform"
        state.datasets[name] = DatasetInfo(name, kind, depends_on=needs[name])  # type: ignore[arg-type]
    state.order = tuple(order)


def _uses(state: Compilation, name: str) -> Iterator[_Use]:
    """The datasets that a transform names, in order: what it starts from comes first."""
    transform = state.definition.pipeline.transforms[name]
    positions = state.definition.positions
    path: Path = ("transforms", name)
    if transform.from_ is not None:
        yield _Use(transform.from_, positions.value((*path, "from")))
    for i, step in enumerate(transform.steps or ()):
        for keys, source in _looked_into(step):
            yield _Use(source, positions.value((*path, "steps", i, *keys)))
    model = state.models.get(name)
    if model:
        for reference in model.references:  # names are lower case, SQL does not mind letter case
            span = model.span(reference.offset, reference.length)
            yield _Use(reference.name.lower(), span)


def _looked_into(step: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The datasets that a step names and where it does, before its options were checked."""
    for keys in _LOOKS_INTO:
        found: Any = step
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str):
            yield keys, found
        elif isinstance(found, list):
            yield from (((*keys, i), one) for i, one in enumerate(found) if isinstance(one, str))


def _told_twice(state: Compilation) -> None:
    """A name in both `sources` and `transforms`."""
    pipeline = state.definition.pipeline
    positions = state.definition.positions
    for name in pipeline.transforms:
        if name in pipeline.sources:
            first = positions.key(("sources", name))
            state.tell(
                "PSK-REF-002",
                f"two datasets are named `{name}`: a source and a transform",
                positions.key(("transforms", name)),
                f"the source is on line {first.line}; give one of them another name",
            )
            state.broken.add(name)


def _named_elsewhere(state: Compilation, known: set[str]) -> None:
    """Datasets named by targets and quality rules."""
    pipeline = state.definition.pipeline
    positions = state.definition.positions
    for name, target in pipeline.targets.items():
        if target.from_ not in known:
            span = positions.value(("targets", name, "from"))
            _unknown(state, target.from_, known, span)
    for dataset in pipeline.quality:
        if dataset not in known:
            _unknown(state, dataset, known, positions.key(("quality", dataset)))


def _unknown(
    state: Compilation, name: str, known: set[str], span: Span, *, itself: str = ""
) -> None:
    hint = did_you_mean(name, known - {itself}, noun="datasets")
    state.tell("PSK-REF-001", f"no dataset named `{name}`", span, hint)


def _told_cycle(state: Compilation, cycle: list[str], uses: dict[str, list[_Use]]) -> None:
    """A cycle, told at its first dataset in the file, starting from it."""
    names = cycle[:-1]
    line = {n: state.definition.positions.key(("transforms", n)).line for n in names}
    start = names.index(min(names, key=lambda n: line[n]))
    path = [*names[start:], *names[:start]]
    path.append(path[0])
    span = next(u.span for u in uses[path[0]] if u.name == path[1])
    shown = " → ".join(path)
    message = f"datasets are made from each other in a circle: {shown}"
    if len(names) == 1:
        message = f"`{path[0]}` is made from itself: {shown}"
    state.tell("PSK-REF-003", message, span, "read `a → b` as: a is made from b; cut one of them")
    state.broken.update(names)
