"""validate: `validate: {goes_somewhere: distance > 0}`: business rules, each with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from penstock.program import Action  # noqa: TC001  # pydantic reads it
from penstock.spec.base import Model, Text
from penstock.transforms.base import Built, Input, Problem, StepOf
from penstock.transforms.conditions import not_a_condition
from penstock.transforms.expressions import Reader
from penstock.transforms.hold import Hold, RowRule

if TYPE_CHECKING:
    from penstock.transforms.base import Columns


class BusinessRule(Model):
    """A rule in its long form."""

    condition: Text
    """SQL over the columns of the row: true for a row that keeps the rule."""
    severity: Action = "quarantine"
    """What a row that breaks it does: it is held; or nothing of the run is published; or the
    report says it."""
    message: Text | None = None
    """What the rule says, in the words of whoever has to mend the row."""


class Validate(StepOf[dict[str, Text | BusinessRule]]):
    """Holds rows that break a business rule in quarantine, or stops the run, or warns.

    A rule is kept where its condition is true; false and NULL both break it. A row is held as it
    is at this step, with the names and messages of every rule it breaks, and goes through the
    steps behind when it is replayed. `quality` has rules of DQDL over the whole dataset.
    """

    root: dict[str, Text | BusinessRule] = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """Rules about the rows at this step."""
        built = Built(dict(given.columns))
        reader = Reader(given, noun="a rule")
        rules: list[RowRule] = []
        for name, value in self.root.items():
            short = isinstance(value, str)
            rule = BusinessRule(condition=value) if isinstance(value, str) else value
            path: tuple[str | int, ...] = (name,) if short else (name, "condition")
            if not name.strip():
                message = "a rule needs a name"
                built.problems.append(Problem("PSK-STEP-015", message, (name,), at_key=True))
            found = reader.read(rule.condition, path)
            wrong = not_a_condition(found, "a rule", path) if found else None
            if found is None or wrong:
                built.problems += [wrong] if wrong else []
                continue
            text = f"{name}: {rule.message or ' '.join(rule.condition.split())}"
            rules.append(RowRule(text, found.tree, rule.severity, path))
        built.problems += reader.problems
        if _known(given.columns):
            built.operations.append(Hold(dict(given.columns), tuple(rules)))
        return built


def _known(columns: Columns) -> bool:
    return all(type_name is not None for type_name in columns.values())
