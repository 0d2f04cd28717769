"""What a resource raised, in words, at the line of the user's that raised it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import PenstockError, SourceUnavailable, StepFailed
from penstock.runtime.python_module import StepModule

if TYPE_CHECKING:
    from pathlib import Path

CODE_RAISED = "PSK-SRC-131"
CODE_LOAD = "PSK-SRC-132"
CODE_REACH = "PSK-SRC-133"
CODE_RECORD = "PSK-SRC-134"
CODE_LARGE = "PSK-SRC-135"
CODE_ENDED = "PSK-SRC-136"
SHOWN = 500


def told(error: BaseException, reference: str, root: Path) -> PenstockError:
    """An exception of the user's code, or of dlt, as an error.

    What dlt wraps around it says nothing of what happened, so the innermost cause is told.
    """
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    ours = next((e for e in chain if isinstance(e, PenstockError)), None)
    if ours is not None:
        return ours
    wrapped = [e for e in chain if not type(e).__module__.startswith("dlt.")]
    at = wrapped[0] if wrapped else chain[-1]
    said = _said(at)
    span = StepModule(root, "-").span_of(at.__traceback__)
    if isinstance(at, OSError) and not isinstance(at, (FileNotFoundError, PermissionError)):
        return SourceUnavailable(
            f"`{reference}` gets no answer: {said}",
            code=CODE_REACH,
            hint="check address, login and arguments, or run again when the server is well",
            span=span,
        )
    if isinstance(at, ModuleNotFoundError):
        hint = f"install `{at.name}`, or put `{at.name}.py` beside the file"
    elif isinstance(at, SystemExit):
        hint = "a resource yields its records; it does not end the process"
    elif isinstance(at, TypeError) and "argument" in said:
        hint = "check `arguments`"
    else:
        hint = None
    return StepFailed(f"`{reference}` raised: {said}", code=CODE_RAISED, hint=hint, span=span)


def _said(error: BaseException) -> str:
    kind, text = type(error).__name__, " ".join(str(error).split())
    if len(text) > SHOWN:
        text = text[:SHOWN] + "…"
    return f"{kind}: {text}" if text else kind
