"""`--select`: the part of a Program that publishes what was asked for.

`NAME` is a dataset or a target. A dataset selects the targets published from it; a target,
itself. `+NAME` adds the targets of everything it is made from, `NAME+` of everything made from
it. What the selected names need is always computed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.program import Program


def select(program: Program, names: Iterable[str]) -> Program:
    """The Program cut to a selection, sealed anew; all of it for no names.

    Raises:
        UsageError: a name is neither a dataset nor a target.
    """
    wanted = [n for item in names for n in item.split(",") if n]
    if not wanted:
        return program
    parents = {s.dataset: set(s.depends_on) for s in program.statements}
    parents |= {r.dataset: set() for r in program.reads}
    origin = {x.target: x.dataset for x in program.loads}
    datasets: set[str] = set()
    targets: set[str] = set()
    for item in wanted:
        name = item.strip("+")
        if name not in parents and name not in origin:
            known = [*parents, *origin]
            raise UsageError(
                f"--select names `{name}`, which is neither a dataset nor a target",
                code="PSK-CLI-002",
                hint=did_you_mean(name, known),
            )
        base = name if name in parents else origin[name]
        if name in origin:
            targets.add(name)
        chosen = {name} if name in parents else set()
        if item.startswith("+"):
            chosen |= _closure(base, parents) | {base}
        if item.endswith("+"):
            chosen |= _closure(base, _reverse(parents)) | {base}
        datasets |= chosen
    targets |= {t for t, d in origin.items() if d in datasets}
    needed = set(datasets) | {origin[t] for t in targets}
    needs = {name: set(made_from) for name, made_from in parents.items()}
    for check in program.checks:
        needs.setdefault(check.dataset, set()).update(check.depends_on)
    for name in tuple(needed):
        needed |= _closure(name, needs)
    return replace(
        program,
        reads=tuple(r for r in program.reads if r.dataset in needed),
        statements=tuple(s for s in program.statements if s.dataset in needed),
        checks=tuple(c for c in program.checks if c.dataset in needed),
        loads=tuple(x for x in program.loads if x.target in targets),
        kpis=tuple(k for k in program.kpis if needed.issuperset(k.depends_on)),
    ).seal()


def refuse_to_lose(whole: Program, cut: Program) -> None:
    """Make sure that what a selection reads counts as read for no target that it leaves out.

    Raises:
        UsageError: a source gives each row once, and a target left out has not had them.
    """
    kept = {x.target for x in cut.loads}
    for read in cut.reads:
        if read.incremental == "none":
            continue
        left_out = [t for t in fed_by(whole, {read.dataset}) if t not in kept]
        if left_out:
            names = ", ".join(f"`{t}`" for t in left_out)
            raise UsageError(
                f"`{read.dataset}` is read incrementally, and {names} would never get the rows "
                "that a run of this selection reads",
                code="PSK-CLI-031",
                hint=f"select too: {','.join(left_out)}; or run the whole pipeline",
            )


def fed_by(program: Program, datasets: set[str]) -> list[str]:
    """The targets that are made from any of these datasets."""
    parents = {s.dataset: set(s.depends_on) for s in program.statements}
    return [
        x.target
        for x in program.loads
        if x.dataset in datasets or _closure(x.dataset, parents) & datasets
    ]


def _closure(name: str, edges: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for nearer in edges.get(todo.pop(), ()):
            if nearer not in found:
                found.add(nearer)
                todo.append(nearer)
    return found


def _reverse(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {name: set() for name in edges}
    for name, uppers in edges.items():
        for upper in uppers:
            turned.setdefault(upper, set()).add(name)
    return turned
