"""Reads a pipeline folder into a Definition, and finds everything wrong with it in one go."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, Span
from penstock.errors import InvalidDefinition
from penstock.spec.crosscheck import crosscheck, literal_secrets
from penstock.spec.definition import Definition
from penstock.spec.files import Unreadable, read_definition_file
from penstock.spec.positions import Positions
from penstock.spec.profiles import profiles_of, with_profile
from penstock.spec.references import References
from penstock.spec.sections import Sections
from penstock.spec.tree import Entry, Node
from penstock.spec.variables import override
from penstock.spec.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.spec.models import Pipeline

FILE = "pipeline.yaml"
# What is only known once a profile is chosen, and therefore not told of the others.
_OF_THE_CHOSEN = ("PSK-REF-032", "PSK-PORT-")


def load_definition(
    folder: Path,
    *,
    profile: str | None = None,
    variables: Mapping[str, str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Definition:
    """Read and check the definition of a pipeline folder.

    What is wrong is in `diagnostics`; entries that are invalid are left out of `pipeline` and
    named in `broken`.

    Args:
        folder: the folder of `pipeline.yaml`.
        variables: `--var NAME=VALUE`, as text.

    Raises:
        InvalidDefinition: there is no usable `pipeline.yaml`.
        UsageError: no such profile, no such variable, or a value that is not of its type.
    """
    root, text = _read(folder)
    tree = root.node
    found = list(root.diagnostics)
    files = {FILE: text}
    chosen, read = _assemble(folder, tree, profile, variables or {}, environment)
    found += read
    for name, entry in profiles_of(tree).items():
        if name == profile or not entry.node.entries:
            continue
        _, others = _assemble(folder, tree, name, {}, {})
        found += [d for d in others if _within(d.span, entry.node.span)
                  and not d.code.startswith(_OF_THE_CHOSEN)]  # fmt: skip
    found += _misshapen_profiles(tree)
    unique = sorted(dict.fromkeys(found), key=_order)
    return replace(chosen, diagnostics=tuple(unique), files=files, profile=profile)


class _Root:
    def __init__(self, node: Node, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.node = node
        self.diagnostics = diagnostics


def _read(folder: Path) -> tuple[_Root, str]:
    """The tree of `pipeline.yaml`; InvalidDefinition if there is none."""
    start = Span(FILE, 1, 1, 1, 1)
    try:
        text = read_definition_file(folder, FILE)
    except Unreadable as error:
        files = {FILE: error.text} if error.text else None
        raise InvalidDefinition([error.diagnostic], files=files) from error
    document = read_yaml(text, FILE)
    problems = list(document.diagnostics)
    if document.root is None:
        if not problems:
            problems.append(Diagnostic("PSK-YAML-013", f"{FILE} is empty", start,
                                       "start with `name: …`"))  # fmt: skip
        raise _invalid(problems, text)
    if not document.root.is_mapping:
        problems.append(Diagnostic("PSK-YAML-013", f"{FILE} is not a mapping of sections",
                                   document.root.span, "start with `name: …`"))  # fmt: skip
        raise _invalid(problems, text)
    return _Root(document.root, document.diagnostics), text


def _invalid(problems: list[Diagnostic], text: str) -> InvalidDefinition:
    return InvalidDefinition(problems, files={FILE: text})


def _assemble(
    folder: Path,
    tree: Node,
    profile: str | None,
    variables: Mapping[str, str],
    environment: Mapping[str, str],
) -> tuple[Definition, list[Diagnostic]]:
    """The definition under one profile."""
    tree = with_profile(tree, profile)
    tree, problems = override(tree, variables, environment)
    tree = _spelled_out(tree)
    declared = tree.entries["variables"].node.entries if "variables" in tree.entries else {}
    references = References({n: e.node for n, e in declared.items()}, environment)
    tree = references.resolve(tree)
    problems += references.problems
    positions = Positions(tree)
    sections = Sections(tree.data(), positions)
    pipeline: Pipeline = sections.pipeline(folder)
    problems += sections.problems
    problems += crosscheck(pipeline, sections.broken, tree, positions)
    problems += literal_secrets(tree)
    definition = Definition(
        root=folder,
        pipeline=pipeline,
        positions=positions,
        variables=dict(pipeline.variables),
        broken=frozenset(sections.broken),
    )
    return definition, problems


def _spelled_out(tree: Node) -> Node:
    """`NAME: models/x.sql` under `transforms` as `NAME: {sql: models/x.sql}`."""
    section = tree.entries.get("transforms")
    if section is None:
        return tree
    transforms = section.node
    for name, entry in section.node.entries.items():
        if isinstance(entry.node.value, str):
            sql = replace(entry.node, value={"sql": Entry(entry.node.span, entry.node)})
            transforms = transforms.with_entry(name, Entry(entry.key, sql))
    return tree.with_entry("transforms", Entry(section.key, transforms))


def _misshapen_profiles(tree: Node) -> list[Diagnostic]:
    entry = tree.entries.get("profiles")
    if entry is None or entry.node.value is None:
        return []
    if not entry.node.is_mapping:
        return [Diagnostic("PSK-YAML-023", "`profiles` must be a mapping of names", entry.key)]
    return [
        Diagnostic("PSK-YAML-023", f"the profile `{name}` must be a mapping of sections", e.key)
        for name, e in entry.node.entries.items()
        if not e.node.is_mapping and e.node.value is not None
    ]


def _within(span: Span | None, outer: Span) -> bool:
    return (
        span is not None
        and span.file == outer.file
        and (
            (outer.line, outer.column) <= (span.line, span.column)
            and (span.end_line, span.end_column) <= (outer.end_line, outer.end_column)
        )
    )


def _order(diagnostic: Diagnostic) -> tuple[Any, ...]:
    span = diagnostic.span
    return (span.file != FILE, span.file, span.line, span.column) if span else (False, "", 0, 0)
