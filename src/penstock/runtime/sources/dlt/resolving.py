"""From `MODULE:FUNCTION` to the resource that is read. In the process that reads only."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Span, did_you_mean
from penstock.errors import MissingExtra, StepFailed
from penstock.runtime.sources.dlt.faults import CODE_LOAD

if TYPE_CHECKING:
    from pathlib import Path


def require_dlt() -> None:
    """Raise MissingExtra unless dlt can be imported."""
    try:
        import dlt  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise MissingExtra("dlt", "dlt", wanted_by="the connector `dlt`") from error


def found(root: Path, reference: str, wanted: str | None, arguments: dict[str, Any]) -> Any:
    """What gives the records when it is iterated.

    Raises:
        StepFailed: there is no such module, function or resource.
    """
    named = _named(root, reference)
    return _selected(_made(named, reference, arguments), reference, wanted)


def _named(root: Path, reference: str) -> Any:
    """The object that a reference names."""
    place, _, name = reference.partition(":")
    sys.path[:0] = [str(root)]
    file, module = None, place
    if place.endswith(".py"):
        file = root / place
        if not file.is_file():
            raise StepFailed(f"there is no file `{place}` in the pipeline folder", code=CODE_LOAD)
        # Under its own name: dlt keeps settings and state by the name of the module.
        sys.path[:0] = [str(file.parent)]
        module = file.stem
    try:
        loaded = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise  # it is there, and imports another that is not
        raise StepFailed(
            f"there is no module `{module}`",
            code=CODE_LOAD,
            hint=f"a file of the pipeline folder is `FOLDER/FILE.py:{name}`; a package has to be "
            "installed",
        ) from error
    if file is not None and getattr(loaded, "__file__", None) != str(file):
        raise StepFailed(
            f"`{place}` has the name of another module, `{module}`, which is loaded already",
            code=CODE_LOAD,
            hint="give the file another name",
        )
    if not hasattr(loaded, name):
        known = [n for n, v in vars(loaded).items() if callable(v) and not n.startswith("_")]
        raise StepFailed(
            f"`{place}` has no function `{name}`",
            code=CODE_LOAD,
            hint=did_you_mean(name, known, noun="functions"),
            span=Span(place, 1, 1, 1, 2) if file is not None else None,
        )
    return getattr(loaded, name)


def _made(named: Any, reference: str, arguments: dict[str, Any]) -> Any:
    """A dlt source or resource: the object itself, or what the function gives."""
    import dlt
    from dlt.extract import DltResource, DltSource

    if isinstance(named, DltResource):
        made = named(**arguments) if arguments or not named.args_bound else named
    elif isinstance(named, DltSource):
        made = named
    elif callable(named):
        made = named(**arguments)
    else:
        made = named
    if isinstance(made, (DltResource, DltSource)):
        return made
    if hasattr(made, "__iter__") and not isinstance(made, (str, bytes)):
        return dlt.resource(made, name=reference.rpartition(":")[2])
    kind = "nothing" if made is None else f"a {type(made).__name__}"
    raise StepFailed(
        f"`{reference}` gives {kind}, and no dlt source or resource",
        code=CODE_LOAD,
        hint="decorate it with `@dlt.resource` or `@dlt.source`, or let it yield records",
    )


def _selected(made: Any, reference: str, wanted: str | None) -> Any:
    """One resource, inside its source: what it remembers is kept under the source's name."""
    from dlt.extract import DltResource

    if isinstance(made, DltResource):
        names = [made.name]
    else:
        names = list(made.resources)
        if wanted is None:
            names = list(made.selected_resources) or names
    if wanted is None and len(names) == 1:
        wanted = names[0]
    if wanted is None:
        raise StepFailed(
            f"`{reference}` has {len(names)} resources: say which under `resource`",
            code=CODE_LOAD,
            hint="its resources: " + ", ".join(names),
        )
    if wanted not in names:
        raise StepFailed(
            f"`{reference}` has no resource `{wanted}`",
            code=CODE_LOAD,
            hint=did_you_mean(wanted, names, noun="resources"),
        )
    resource = made if isinstance(made, DltResource) else made.resources[wanted]
    if resource.is_transformer and resource._pipe.parent.is_empty:  # noqa: SLF001
        raise StepFailed(
            f"`{wanted}` is a transformer, and nothing feeds it",
            code=CODE_LOAD,
            hint=f"give `parent | {wanted}` from a function, and name that",
        )
    return made if isinstance(made, DltResource) else made.with_resources(wanted)
