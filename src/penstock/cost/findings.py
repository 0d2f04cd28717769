"""Whether the architecture that a pipeline names fits what its runs read: for `validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.cost.architectures import ARCHITECTURES, architecture
from penstock.cost.shape import Shape
from penstock.cost.volume import measured
from penstock.diagnostics import Diagnostic
from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Program


def of_runs(
    deploy: Mapping[str, Any], program: Program | None, reports: Sequence[Mapping[str, Any]]
) -> Sequence[Diagnostic]:
    """Warnings; none where nothing was measured or nothing is known of the architecture.

    Args:
        deploy: `architecture` and its `settings`.
        reports: of the last runs, the latest first.
    """
    if deploy["architecture"] not in ARCHITECTURES:
        return ()
    volume = measured(reports)
    if volume is None and not deploy["settings"]:
        return ()  # nothing to hold against the limits, and reading those takes a moment
    chosen = architecture(deploy["architecture"])
    slicing = getattr(program, "slicing", None)
    shape = Shape(
        cut=None if slicing is None else slicing.by != "none",
        whole=None if slicing is None else slicing.because,
        settings=deploy["settings"],
    )
    try:
        chosen.check(shape)
    except UsageError as error:
        return (Diagnostic(error.code, error.message, None, error.hint, "warning"),)
    return () if volume is None else chosen.findings(volume, shape)
