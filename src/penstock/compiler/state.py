"""What the passes share: the state of one compilation, filled from pass to pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from penstock.diagnostics import Diagnostic, Severity, Span
from penstock.program import Slicing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.compiler.binder import Binder
    from penstock.compiler.guesses import Guess
    from penstock.compiler.sqltext import Model
    from penstock.dialects import Capabilities
    from penstock.dialects.portable import Prepared, Refusal
    from penstock.program import Check, Column, Kpi, Load, Program, PythonStep, Read, Statement
    from penstock.spec import Definition
    from penstock.transforms.base import Origins, Step, StepOf
    from penstock.transforms.hold import RowRule
    from penstock.transforms.parts import Part

Path = tuple[str | int, ...]
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset as the compiler knows it.

    Attributes:
        schema: empty where something is wrong with the dataset or with one it depends on.
        inferred_from: what the schema was inferred from; None: it was declared, or follows from
            the datasets it depends on.
        depends_on: the datasets it is made from, the one it starts from first.
        part_of: the transform whose chain of steps it is the beginning of; None: it stands in the
            pipeline file under its name.
    """

    name: str
    kind: Literal["source", "transform"]
    schema: tuple[Column, ...] = ()
    inferred_from: str | None = None
    depends_on: tuple[str, ...] = ()
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A rule of a step about the rows of a dataset, and where it stands."""

    rule: RowRule
    span: Span


@dataclass(frozen=True, slots=True)
class StepUse:
    """A declarative step whose options are valid: `options` builds it."""

    number: int
    name: str
    options: Step | StepOf[Any]


@dataclass(slots=True)
class Made:
    """How a dataset is made, as trees; `render` turns it into a Statement.

    Attributes:
        query: the SELECT over other datasets; for `python` and `command`, of the step's input.
        parts: of a chain of steps.
        origins: column → what it is computed from.
    """

    kind: Literal["sql", "steps", "python", "command"]
    query: Any
    parts: list[Part] = field(default_factory=list)
    row_by_row: bool = False
    origins: Origins = field(default_factory=dict)
    python: PythonStep | None = None
    command: tuple[str, ...] = ()
    command_digest: str = ""


@dataclass
class Compilation:
    """A definition on its way to a Program.

    Attributes:
        engine: the engine asked for.
        capabilities: of the engine asked for; of the reference engine where Penstock has none of
            that name yet, so that every other finding is still made.
        given: schemas of sources that are not asked for theirs.
        broken: datasets and targets with an error, or made from one: no more is said about them.
        broken_off: datasets whose chain of steps holds one that is wrong: those before it are still
            bound.
        prepared: models that are in the portable language, ready to be written for any engine.
        refusals: datasets that are not, and why; `portable: false` asks nothing.
        guesses: what broken datasets would give, for looking at what is made from them.
        order: datasets in an order in which they can be made.
        engines: engine → `{"supported": …}`, as `validate --json` publishes it.
        held: dataset → rules of steps about its rows.
        schema_changes: what the files of sources change of their contracts, as the run report
            names it.
        program: None if there are errors.
    """

    definition: Definition
    engine: str
    capabilities: Capabilities
    binder: Binder
    found: list[Diagnostic] = field(default_factory=list)
    given: dict[str, tuple[Column, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    broken_off: set[str] = field(default_factory=set)
    guesses: dict[str, Guess] = field(default_factory=dict)
    datasets: dict[str, DatasetInfo] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    models: dict[str, Model] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    steps: dict[str, tuple[StepUse, ...]] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    schema_changes: list[dict[str, Any]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    kpis: list[Kpi] = field(default_factory=list)
    read_by_rules: set[str] = field(default_factory=set)
    places: dict[str, Span] = field(default_factory=dict)
    engines: dict[str, dict[str, Any]] = field(default_factory=dict)
    slicing: Slicing = field(default_factory=Slicing)
    program: Program | None = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding once, spec's too: by file and line, errors first where they tie."""
        seen = dict.fromkeys([*self.definition.diagnostics, *self.found])
        return tuple(sorted(seen, key=_place))

    @property
    def valid(self) -> bool:
        """Whether there is no error."""
        return not any(d.severity == "error" for d in self.diagnostics)

    @property
    def files(self) -> Mapping[str, str]:
        """Path → text of every file read, for the source lines under diagnostics."""
        return self.definition.files

    def tell(
        self,
        code: str,
        message: str,
        span: Span | None,
        hint: str | None = None,
        *,
        severity: Severity = "error",
        engines: tuple[str, ...] = (),
        outside: bool = False,
    ) -> None:
        """Add a finding."""
        told = Diagnostic(code, message, span, hint or None, severity, engines, outside)
        self.found.append(told)

    def schema(self, dataset: str) -> dict[str, str]:
        """A dataset's columns and types; empty where they are not known."""
        info = self.datasets.get(dataset)
        return {c.name: c.type for c in info.schema} if info else {}

    def tied(self, dataset: str) -> bool:
        """Whether a dataset's SQL is the reference engine's own: `options: {portable: false}`."""
        info = self.datasets.get(dataset)
        whole = (info.part_of if info else None) or dataset
        transform = self.definition.pipeline.transforms.get(whole)
        return transform is not None and not transform.options.portable

    def usable(self, datasets: Any) -> bool:
        """Whether nothing is wrong with any of these datasets."""
        return not any(d in self.broken or d not in self.datasets for d in datasets)


def _place(found: Diagnostic) -> tuple[Any, ...]:
    span = found.span
    where = (span.file, span.line, span.column) if span else ("", 0, 0)
    # The pipeline file first: the other files hang on it.
    first = 0 if not span or span.file == "pipeline.yaml" else 1
    return (first, *where, _ORDER[found.severity], found.code, found.message)
