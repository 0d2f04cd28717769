"""Pass: says which engines can run the definition, and why the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import dialects

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation


def report_engines(state: Compilation) -> None:
    """Fill `state.engines`; tell why the engine asked for cannot."""
    gap = dialects.missing(state.engine)
    if gap:
        state.tell(
            gap.code,
            f"the pipeline cannot be compiled for {state.engine}: {gap.because}",
            None,
            f"it runs on: {', '.join(e for e in dialects.ENGINES if not dialects.missing(e))}",
            engines=(state.engine,),
        )
    state.engines = {engine: _support(state, engine) for engine in dialects.ENGINES}


def _support(state: Compilation, engine: str) -> dict[str, Any]:
    gap = dialects.missing(engine)
    if gap:
        return {"supported": False, "because": [gap.code]}
    codes = {
        d.code
        for d in state.diagnostics
        if d.severity == "error" and (not d.engines or engine in d.engines)
    }
    return {"supported": False, "because": sorted(codes)} if codes else {"supported": True}
