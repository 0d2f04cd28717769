"""Checks plain data against a typed model and says in plain words what does not fit.

The pipeline file, connector options, declarative steps and unit tests are all checked here, so
the same mistake reads the same everywhere. The codes of an area `YAML`:

    PSK-YAML-021  an unknown key          PSK-YAML-024  a value that is none of the known ones
    PSK-YAML-022  a missing key           PSK-YAML-025  any other value that cannot be
    PSK-YAML-023  a value of a wrong kind
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.spec.refusal import refuse
from penstock.spec.shapes import known_keys
from penstock.spec.wording import Finding, describe, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.spec.positions import Positions
    from penstock.spec.tree import Path


def check(
    model: Any,
    data: Any,
    path: Path,
    positions: Positions,
    *,
    area: str = "YAML",
    noun: str,
    also_known: Sequence[str] = (),
) -> tuple[Any | None, list[Diagnostic]]:
    """Validate data against a model.

    Args:
        model: a pydantic model, a dataclass, or any type pydantic knows.
        path: where the data stands in the definition.
        area: the area of the codes, such as `STEP`.
        noun: what the data is, for messages: "source `flights`".
        also_known: further keys to suggest for one that is not known.

    Returns:
        The validated object, or None, and everything that is wrong with the data.
    """
    try:
        return adapter(model).validate_python(data), []
    except ValidationError as error:
        findings = locate(error.errors(include_url=False), data)
    checked = _Checked(model, data, path, positions, area, noun, also_known)
    return None, [checked.diagnostic(f) for f in findings]


@cache
def adapter(model: Any) -> TypeAdapter[Any]:
    """Pydantic's validator of a type; unknown keys of a dataclass are errors."""
    if dataclasses.is_dataclass(model) and not hasattr(model, "__pydantic_config__"):
        # A connector's options know nothing of pydantic, and pydantic takes a dataclass's
        # configuration from the dataclass only.
        options: Any = model
        options.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(model)


@dataclasses.dataclass(frozen=True, slots=True)
class _Checked:
    """The circumstances of a check, for its messages."""

    model: Any
    data: Any
    path: Path
    positions: Positions
    area: str
    noun: str
    also_known: Sequence[str]

    def diagnostic(self, finding: Finding) -> Diagnostic:
        where = (*self.path, *finding.path)
        if finding.kind == "unknown":
            return self._unknown(finding, where)
        if finding.kind == "missing":
            message = f"{_place(finding.path[:-1], self.noun)} needs `{finding.path[-1]}`"
            return Diagnostic(f"PSK-{self.area}-022", message, self.positions.key(where[:-1]))
        number = {"kind": "023", "choice": "024"}.get(finding.kind, "025")
        code = finding.code or f"PSK-{self.area}-{number}"
        span = self.positions.key(where) if finding.at_key else self.positions.value(where)
        message = describe(finding, _place(finding.path, self.noun))
        return Diagnostic(code, message, span, finding.hint or None)

    def _unknown(self, finding: Finding, where: Path) -> Diagnostic:
        name = str(finding.path[-1])
        known = known_keys(self.model, finding.path[:-1])
        if len(finding.path) == 1:
            known |= set(self.also_known)
        hint = nearest(name, known, _given(self.data, finding.path[:-1]), noun="its keys")
        message = f"unknown key `{name}` in {_place(finding.path[:-1], self.noun)}"
        span = self.positions.key(where)
        return Diagnostic(f"PSK-{self.area}-021", message, span, hint or None)


def nearest(name: str, known: set[str], given: set[str], *, noun: str) -> str:
    """A hint for an unknown key: the nearest that is not given, or else is.

    The latter is meant in a profile, whose keys lie over those of the definition.

    >>> nearest("sourcse", {"sources", "sla"}, {"sources"}, noun="sections")
    'did you mean `sources`?'
    """
    hint = did_you_mean(name, known - given, noun=noun)
    again = "" if hint.startswith("did") else did_you_mean(name, known & given)
    return again if again.startswith("did") else hint


def _given(data: Any, path: Sequence[str | int]) -> set[str]:
    for step in path:
        data = data[step]
    return {str(k) for k in data} if isinstance(data, dict) else set()


def _place(path: Sequence[str | int], noun: str) -> str:
    """`schema.carrier` of source `flights`, in words."""
    if not path:
        return noun
    shown = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path)
    if noun.count("`") == 2 and noun.startswith("`") and noun.endswith("`"):
        return f"`{noun.strip('`')}{shown}`"
    return f"`{shown.lstrip('.')}` of {noun}"


__all__ = ["adapter", "check", "nearest", "refuse"]
