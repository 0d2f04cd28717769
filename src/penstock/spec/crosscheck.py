"""What sections say about each other, and secrets that stand in the open."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from penstock.spec.models import Pipeline
    from penstock.spec.positions import Positions
    from penstock.spec.tree import Node, Path

_SECRET_KEY = re.compile(
    r"(^|_)(password|passwd|secret|token|api_?key|private_key|access_key|credentials?|bearer)$",
    re.IGNORECASE,
)
_SECRET_URL = re.compile(r"[a-z][a-z0-9+]*://[^/\s:@]+:(?!\$\{secret\.)[^@/\s]+@", re.IGNORECASE)


def crosscheck(
    pipeline: Pipeline, broken: AbstractSet[str], tree: Node, positions: Positions
) -> list[Diagnostic]:
    """Names in `trigger` and `governance`, the names of targets, numbers that are none."""
    found: list[Diagnostic] = []
    datasets = {*pipeline.sources, *pipeline.transforms, *broken}

    def expect(name: str, known: Iterable[str], noun: str, path: Path, *, key: bool) -> None:
        if name not in known:
            span = positions.key(path) if key else positions.value(path)
            hint = did_you_mean(name, known, noun=f"{noun}s")
            found.append(Diagnostic("PSK-REF-040", f"no {noun} named `{name}`", span, hint or None))

    if pipeline.trigger and pipeline.trigger.files:
        known = {*pipeline.sources, *broken}
        expect(pipeline.trigger.files, known, "source", ("trigger", "files"), key=False)
    governance = pipeline.governance
    for name in governance.classification:
        expect(name, datasets, "dataset", ("governance", "classification", name), key=True)
    for subject, columns in governance.subjects.items():
        for name in columns:
            expect(name, datasets, "dataset", ("governance", "subjects", subject, name), key=True)
    kept = {*pipeline.targets, *broken, "quarantine", "runs"}
    for name in governance.retention:
        expect(name, kept, "target", ("governance", "retention", name), key=True)
    for name, target in pipeline.targets.items():
        if name in {*pipeline.sources, *pipeline.transforms} and target.from_ != name:
            message = f"the target `{name}` has the name of a dataset that it does not publish"
            hint = f"it publishes `{target.from_}`; give it another name"
            span = positions.key(("targets", name))
            found.append(Diagnostic("PSK-REF-041", message, span, hint))
    found += [
        Diagnostic("PSK-YAML-014", f"`{node.text}` is not a number that can be used here",
                   node.span, "put it in quotes if the text is meant")
        for _, node in tree.walk()
        if isinstance(node.value, float) and not math.isfinite(node.value)
    ]  # fmt: skip
    return found


def literal_secrets(tree: Node) -> list[Diagnostic]:
    """Warnings for passwords that stand in the file, or come by a way that publishes them."""
    found = []
    for section in ("sources", "targets", "alerts"):
        part = tree.get(section)
        for path, node in part.walk() if part else ():
            key = next((p for p in reversed(path) if isinstance(p, str)), "")
            text = node.value
            if not isinstance(text, str) or not text.strip():
                continue
            named = _SECRET_KEY.search(key) and "${secret." not in text
            if named or _SECRET_URL.search(text):
                found.append(
                    Diagnostic(
                        "PSK-REF-039",
                        f"a secret stands in the open under `{key}`",
                        node.span,
                        "secrets are references: write ${secret.NAME} and set "
                        "PENSTOCK_SECRET_NAME where it runs",
                        severity="warning",
                    )
                )
    return found
