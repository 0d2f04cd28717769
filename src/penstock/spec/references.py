"""References in the pipeline file: `${var.NAME}`, `${env.NAME}`, `${secret.NAME}`, `${run.id}`.

`var` and `env` are replaced here. `secret` and `run` stay as they are, because only a run knows
them. `$${` stands for `${`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.spec.positions import inside
from penstock.spec.tree import OUTSIDE, Edit, Entry, Node, Path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.spec.scalars import Scalar

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}\n]*)(\}?)")
_KINDS = ("var", "env", "secret", "run")
_RUN = ("id", "date")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMS = (
    "a reference is ${var.NAME}, ${env.NAME}, ${secret.NAME}, ${run.id} or ${run.date}; "
    "`$${` is the text `${`"
)
_EXPRESSIONS = frozenset({"derive", "filter", "aggregate"})
# Of other steps, the keys below which an expression stands.
_MEASURES = frozenset({"measures", "running", "rolling", "total"})
# Where a run fills secrets in: the options of connectors. Anywhere else they would be published.
_SECRET_SECTIONS = frozenset({"sources", "targets", "alerts"})
# Of these sections, what reports, messages and the ledger name.
_TOLD = frozenset({"path"})


@dataclass(slots=True)
class References:
    """Replaces the references of a definition, and collects what is wrong with them."""

    variables: Mapping[str, Node]
    environment: Mapping[str, str]
    problems: list[Diagnostic] = field(default_factory=list)
    _values: dict[str, Scalar] = field(default_factory=dict)
    _resolving: list[str] = field(default_factory=list)

    def resolve(self, node: Node, path: Path = ()) -> Node:
        """The node with every `var` and `env` reference below it replaced."""
        if node.entries:
            entries = {}
            for key, entry in node.entries.items():
                if "${" in key:
                    message = "a reference cannot stand in a key"
                    self.problems.append(Diagnostic("PSK-REF-033", message, entry.key))
                if path == ("variables",):
                    inner = self._declared(key, entry.node)
                else:
                    inner = self.resolve(entry.node, (*path, key))
                entries[key] = Entry(entry.key, inner)
            return replace(node, value=entries)
        if node.items:
            items = tuple(self.resolve(n, (*path, i)) for i, n in enumerate(node.items))
            return replace(node, value=items)
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: Path) -> Node:
        text = node.value
        if not isinstance(text, str) or "${" not in text or node.style == OUTSIDE:
            return node
        whole = _REFERENCE.fullmatch(text)
        if whole and whole[1] is not None and whole[2]:
            value = self._value(whole[1], node, whole, path)
            edit = Edit(0, len(value) if isinstance(value, str) else 0, 0, len(text))
            return replace(node, value=value, edits=(edit,))
        parts, edits, at, length = [], [], 0, 0
        for match in _REFERENCE.finditer(text):
            parts.append(text[at : match.start()])
            length += match.start() - at
            new = "${" if match[1] is None else _text(self._found(match, node, path))
            edits.append(Edit(length, length + len(new), match.start(), match.end()))
            parts.append(new)
            length += len(new)
            at = match.end()
        return replace(node, value="".join(parts) + text[at:], edits=tuple(edits))

    def _found(self, match: re.Match[str], node: Node, path: Path) -> Scalar:
        if not match[2]:
            self._problem("PSK-REF-033", "a `${` without its `}`", node, match,
                          "write `$${` for a `${` that is meant as text")  # fmt: skip
            return match[0]
        return self._value(match[1], node, match, path)

    def _value(self, name: str, node: Node, match: re.Match[str], path: Path) -> Scalar:
        """What a reference stands for; itself where a run resolves it, or where it is wrong."""
        kind, _, rest = name.strip().partition(".")
        if kind not in _KINDS or not _NAME.fullmatch(rest):
            hint = did_you_mean(kind, _KINDS) if kind not in _KINDS else ""
            if not hint.startswith("did"):
                hint = _FORMS
            self._problem("PSK-REF-033", f"`{match[0]}` is not a reference", node, match, hint)
        elif kind == "var":
            if _is_sql(path, node.value):
                self._pasted(rest, node, match)
            return self._variable(rest, node, match)
        elif kind == "env":
            return self._environment(rest, node, match)
        elif kind == "run" and rest not in _RUN:
            hint = did_you_mean(rest, _RUN, noun="of a run")
            self._problem("PSK-REF-033", f"a run has no `{rest}`", node, match, hint)
        elif kind == "secret" and path[:1] and path[0] not in _SECRET_SECTIONS:
            self._problem("PSK-REF-037", "a secret cannot stand here, it would be published", node,
                          match, "secrets go into sources, targets and alerts")  # fmt: skip
        elif kind == "secret" and len(path) == 3 and path[2] in _TOLD:
            self._problem("PSK-REF-037", "a secret cannot stand here, it would be published", node,
                          match, "reports and messages name where files lie: write ${env.NAME} or "
                          "${var.NAME}")  # fmt: skip
        return match[0]

    def _variable(self, name: str, node: Node, match: re.Match[str]) -> Scalar:
        if name not in self.variables:
            hint = did_you_mean(name, self.variables, noun="variables")
            self._problem("PSK-REF-031", f"no variable named `{name}`", node, match,
                          hint or "declare it under `variables`")  # fmt: skip
            return match[0]
        if name in self._resolving:
            around = " → ".join([*self._resolving[self._resolving.index(name) :], name])
            message = f"variables that stand for each other: {around}"
            self._problem("PSK-REF-038", message, node, match, None)
            return match[0]
        value = self._declared(name, self.variables[name]).value
        return value if not isinstance(value, tuple | dict) else match[0]  # type: ignore[return-value]

    def _declared(self, name: str, node: Node) -> Node:
        """A variable's own node, its references replaced; what is wrong in it is told once."""
        self._resolving.append(name)
        told = len(self.problems)
        resolved = self.resolve(node, ("variables", name))
        self._resolving.pop()
        known = set(self.problems[:told])
        self.problems[told:] = [p for p in self.problems[told:] if p not in known]
        return resolved

    def _environment(self, name: str, node: Node, match: re.Match[str]) -> Scalar:
        if name in self.environment:
            return self.environment[name]
        near = did_you_mean(name, self.environment)
        hint = near if near.startswith("did") else f"set it: export {name}=…"
        self._problem("PSK-REF-032", f"the environment variable `{name}` is not set", node, match,
                      hint)  # fmt: skip
        return match[0]

    def _pasted(self, name: str, node: Node, match: re.Match[str]) -> None:
        span = inside(node, match.start(), match.end() - match.start())
        message = f"`{match[0]}` is pasted into SQL as text: its value would be read as code"
        hint = f"write `${name}`, which is bound as a typed value"
        self.problems.append(Diagnostic("PSK-REF-042", message, span, hint, severity="warning"))

    def _problem(
        self, code: str, message: str, node: Node, match: re.Match[str], hint: str | None
    ) -> None:
        span = inside(node, match.start(), match.end() - match.start())
        self.problems.append(Diagnostic(code, message, span, hint))


def _is_sql(path: Path, text: object) -> bool:
    """Whether a text of the pipeline file is SQL: an expression of a step, or a model."""
    if path[:1] != ("transforms",):
        return False
    if path[2:] == ("sql",):  # a model in the file itself, or the path of one
        return not str(text).endswith(".sql")
    if len(path) < 5 or path[2] != "steps":
        return False
    return path[4] in _EXPRESSIONS or not _MEASURES.isdisjoint(path[5:])


def _text(value: Scalar) -> str:
    """A variable's value within a longer text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
