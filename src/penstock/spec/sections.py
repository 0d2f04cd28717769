"""Checks the sections of a pipeline file, entry by entry, and keeps what is valid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from penstock.diagnostics import Diagnostic
from penstock.spec.base import Name, Scalar
from penstock.spec.check import check, nearest
from penstock.spec.connectors import AREAS, check_options
from penstock.spec.models import Pipeline, QualityRules, Source, Target, Transform
from penstock.spec.salvage import salvage
from penstock.spec.shapes import known_keys
from penstock.spec.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.spec.positions import Positions

# Sections whose entries are checked one by one: one that is invalid is left out, alone.
_ENTRIES: dict[str, tuple[Any, str]] = {
    "variables": (Scalar, "variable"),
    "sources": (Source, "source"),
    "transforms": (Transform, "transform"),
    "quality": (QualityRules, "quality of"),
    "targets": (Target, "target"),
}


@dataclass(slots=True)
class Sections:
    """What became of the sections.

    Attributes:
        parts: keyword arguments of `Pipeline`, valid entries only.
        broken: names of the datasets and targets left out.
    """

    data: dict[str, Any]
    positions: Positions
    parts: dict[str, Any] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[Diagnostic] = field(default_factory=list)

    def pipeline(self, root: Path) -> Pipeline:
        """The pipeline, of everything that is valid."""
        self._unknown_sections()
        for name, info in Pipeline.model_fields.items():
            if name not in self.data and not info.is_required():
                continue
            if self.data.get(name) is None and not info.is_required():
                continue
            if name in _ENTRIES:
                self._entries(name)
            else:
                self._whole(name, info.annotation, info.metadata)
        self.parts.setdefault("name", _folder_name(root))
        complete = {n: f.get_default(call_default_factory=True, validated_data={})
                    for n, f in Pipeline.model_fields.items() if not f.is_required()}  # fmt: skip
        return Pipeline.model_construct(**{**complete, **self.parts})

    def _unknown_sections(self) -> None:
        known = {*Pipeline.model_fields, "profiles"}
        for key in self.data:
            if key not in known:
                hint = nearest(key, known, set(self.data), noun="sections")
                self._problem("PSK-YAML-021", f"unknown section `{key}`", (key,), hint)

    def _whole(self, name: str, annotation: Any, metadata: list[Any]) -> None:
        """A section that is valid or invalid as a whole."""
        if name not in self.data or self.data[name] is None:
            message = f"the pipeline needs `{name}`"
            self._problem("PSK-YAML-022", message, (name,), f"`{name}: {'flights'}`")
            return
        model = _annotated(annotation, metadata)
        value, problems = check(model, self.data[name], (name,), self.positions, noun=f"`{name}`")
        self.problems += problems
        if value is not None:
            self.parts[name] = value

    def _entries(self, section: str) -> None:
        entries = self.data[section]
        if not isinstance(entries, dict):
            message = f"`{section}` must be a mapping of names, and is {shown(entries)}"
            self._problem("PSK-YAML-023", message, (section,), None)
            return
        model, noun = _ENTRIES[section]
        kept = self.parts.setdefault(section, {})
        for name, data in entries.items():
            path = (section, name)
            named, problems = check(Name, name, path, self.positions, noun=f"`{section}`")
            # It is the key that is wrong, and every other key of the entry is right to read.
            problems = [_at(p, self.positions.key(path)) for p in problems]
            entry, found = self._entry(section, model, f"{noun} `{name}`", name, data)
            self.problems += problems + found
            usable = entry is not None or (section == "variables" and data is None)
            if usable and named is not None:
                kept[name] = entry
                continue
            rest = salvage(section, data) if entry is None and named is not None else None
            if rest is not None:
                kept[name] = rest
            # The steps before and after a wrong one are looked at all the same.
            if section in {"sources", "targets"} or (section == "transforms" and rest is None):
                self.broken.add(name)

    def _entry(
        self, section: str, model: Any, noun: str, name: str, data: Any
    ) -> tuple[Any | None, list[Diagnostic]]:
        path = (section, name)
        if section == "quality" and data is None:
            return QualityRules(), []
        if section == "sources":
            return self._connected("source", model, name, data)
        if section == "targets":
            return self._connected("target", model, name, data)
        area = "YAML" if section == "transforms" else "DQ"
        return check(model, data, path, self.positions, area=area, noun=noun)

    def _connected(
        self, kind: Literal["source", "target"], model: Any, name: str, data: Any
    ) -> tuple[Any | None, list[Diagnostic]]:
        """A source or a target: its own keys, and those of its connector."""
        path = (kind + "s", name)
        noun = f"{kind} `{name}`"
        entry, problems = check(model, data, path, self.positions, area=AREAS[kind], noun=noun)
        if not isinstance(data, dict):
            return None, problems
        own = known_keys(model, ())
        options = {k: v for k, v in data.items() if k not in own}
        typed, found = check_options(
            kind, name, data.get("connector"), options, path, self.positions, own_keys=own
        )
        problems += found
        gap_only = all(p.code.startswith("PSK-PORT") for p in found)
        usable = gap_only and (not found or data.get("schema") or kind == "target")
        if entry is None or not usable:
            return None, problems
        return entry.model_copy(update=typed), problems

    def _problem(self, code: str, message: str, path: Any, hint: str | None) -> None:
        self.problems.append(Diagnostic(code, message, self.positions.key(path), hint or None))


def _annotated(annotation: Any, metadata: list[Any]) -> Any:
    from typing import Annotated

    for item in metadata:
        annotation = Annotated[annotation, item]
    return annotation


def _at(problem: Diagnostic, span: Any) -> Diagnostic:
    from dataclasses import replace

    return replace(problem, span=span)


def _folder_name(root: Path) -> str:
    import re

    name = re.sub(r"[^a-z0-9]+", "_", root.resolve().name.lower()).strip("_")
    return name if name[:1].isalpha() else "pipeline"
