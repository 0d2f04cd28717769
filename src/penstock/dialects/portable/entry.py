"""What the portable language is made of: one declaration for each function.

    function("lpad", "text", "Pads on the left …",
             on("varchar, whole, varchar", every="lpad({0}, CAST({1} AS INTEGER), {2})"),
             cases=["lpad(s, 5, '*')"])

A rendering is the engine's own SQL with `{0}`, `{1}`, … for the arguments' SQL (each in
parentheses where it needs them), or a function of the `Call`, or a `Gap`. What is not declared
for an engine is a gap: nothing is passed through because it happens to have the same name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from penstock.dialects.base import Gap
from penstock.dialects.portable import warehouses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.dialects.portable.call import Call

Kind = Literal["scalar", "aggregate", "window", "operator"]
Rendering: TypeAlias = "str | Callable[[Call], str] | Gap"
ENGINES = ("duckdb", "spark", "postgres")
"""The engines that a function is rendered for beside its declaration."""
WAREHOUSES = frozenset(warehouses.NAMES)
"""Those whose renderings lie in `warehouses`."""
UNKNOWN = Gap("notimpl", "PSK-PORT-020", "Penstock has not got a rendering with this meaning yet")


def _is_gap(rendering: Rendering | None) -> bool:
    return isinstance(rendering, Gap)


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    Attributes:
        takes: family of each argument, see `families.py`; the last may be `…`: any more like the
            one before it.
        renderings: engine → how it is written there. A text that begins with `::` is cast to the
            type that the function gives.
        gives: canonical type of the result; None: what DuckDB says. `{0}` is the type of the
            first argument.
        fewest: arguments that must be there; the others may be left out.
        function: whose it is.
    """

    takes: tuple[str, ...]
    renderings: Mapping[str, Rendering]
    gives: str | None = None
    fewest: int = 0
    function: str = ""

    def family(self, place: int) -> str:
        """The family of an argument, counted from 0.

        >>> on("varchar, whole…").family(3)
        'whole'
        """
        named = [t for t in self.takes if t != "…"]
        return named[min(place, len(named) - 1)]

    def rendering(self, engine: str) -> Rendering:
        """How an engine or warehouse writes it."""
        found = self.renderings.get(engine)
        if found is None and engine in WAREHOUSES:
            refused = self.renderings.get("duckdb")  # by every engine, then
            known = warehouses.load(engine).functions
            found = known.get((self.function, self.takes), refused if _is_gap(refused) else None)
        return UNKNOWN if found is None else found


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the portable language.

    Attributes:
        name: as a model writes it, lower case; `aliases` are other names of the same.
        family: the group it stands in on the page: `text`, `dates`, …
        meaning: its one meaning: NULL, empty, NaN, overflow, rounding, order, time zone, case.
        ordered: an aggregate whose result depends on the order of rows: it must be given one.
        framed: a window function that looks at its frame, not at the whole partition.
        cases: expressions over the table `over` of the conformance suite, each with its fixture.
    """

    name: str
    family: str
    meaning: str
    overloads: tuple[Overload, ...]
    kind: Kind = "scalar"
    aliases: tuple[str, ...] = ()
    ordered: bool = False
    cases: tuple[str, ...] = ()
    over: str = "t_str"
    skip: Mapping[str, str] = field(default_factory=dict)
    framed: bool = True

    def gap(self, engine: str) -> Gap | None:
        """Why an engine has none of its overloads; None: it has one at least."""
        found = [o.rendering(engine) for o in self.overloads]
        if not found and engine in WAREHOUSES:
            # Casts and operators have none: the warehouse says which of them it has.
            found = [warehouses.load(engine).functions.get((self.name, ()), UNKNOWN)]
        gaps = [r for r in found if isinstance(r, Gap)]
        return gaps[0] if gaps and len(gaps) == len(found) else None


def on(
    takes: str,
    *,
    every: Rendering | None = None,
    duckdb: Rendering | None = None,
    spark: Rendering | None = None,
    postgres: Rendering | None = None,
    gives: str | None = None,
) -> Overload:
    """One overload: its arguments as `varchar, whole?, any…`, its renderings.

    Args:
        every: for each engine that is not given by itself.
    """
    names, fewest = arguments(takes)
    given = {"duckdb": duckdb, "spark": spark, "postgres": postgres}
    chosen = {e: every if r is None else r for e, r in given.items()}
    renderings = {e: r for e, r in chosen.items() if r is not None}
    return Overload(names, renderings, gives, fewest)


def arguments(takes: str) -> tuple[tuple[str, ...], int]:
    """Families of arguments as `varchar, whole?, any…` says them, and how many must be there.

    >>> arguments("varchar, whole?"), arguments("any…")
    ((('varchar', 'whole'), 1), (('any', '…'), 1))
    """
    names: list[str] = []
    fewest = 0
    for word in (w.strip() for w in takes.split(",") if w.strip()):
        names.append(word.rstrip("?…"))
        names += ["…"] if word.endswith("…") else []
        fewest += not word.endswith("?")
    return tuple(names), fewest


def function(
    name: str,
    family: str,
    meaning: str,
    *overloads: Overload,
    kind: Kind = "scalar",
    aliases: Sequence[str] = (),
    ordered: bool = False,
    cases: Sequence[str] = (),
    over: str = "t_str",
    framed: bool = True,
) -> Function:
    """A declaration; see `Function`."""
    return Function(
        name,
        family,
        meaning,
        tuple(replace(o, function=name) for o in overloads),
        kind,
        tuple(aliases),
        ordered,
        tuple(cases),
        over,
        framed=framed,
    )
