"""Exit codes, from the classes that carry them."""

from __future__ import annotations

from penstock import errors
from reference.engines import link
from reference.markdown import table

MEANING = {
    0: "done; for `run` also: there was nothing new",
    1: "a run, a test or a check failed; the last published state stands",
    2: "the command line was wrong",
    3: "the definition is invalid",
    4: "something outside is missing or unreachable: a file, an extra, a credential, a server",
    130: "interrupted: Ctrl-C or SIGTERM",
}


def page() -> str:
    """The table of codes, and of the errors behind each."""
    rows = [[f"`{code}`", meaning] for code, meaning in MEANING.items()]
    classes = sorted(_tree(errors.PenstockError), key=lambda c: (c.exit_code, c.default_code))
    kinds = [
        [
            link(c.default_code),
            f"`{c.exit_code}`",
            (c.__doc__ or "").partition("\n")[0],
            "yes" if c.transient else "no",
        ]
        for c in classes
    ]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "Results go to stdout, everything else to stderr; with `--json` stdout holds one JSON",
            "document and nothing else, whatever the exit code.",
            "",
            table(["code", "meaning"], rows),
            "",
            "## Errors",
            "",
            "What can end a command, by the code it has unless a more exact one applies.",
            "*Transient* says that the same command, unchanged, may succeed later: a scheduler may",
            "retry it.",
            "",
            table(["error", "exit code", "what", "transient"], kinds),
        ]
    )


def _tree(root: type[errors.PenstockError]) -> list[type[errors.PenstockError]]:
    """A class and all below it, the root's general case left out."""
    known = [c for c in root.__subclasses__() if c.__module__ == errors.__name__]
    below = [c for sub in known for c in _tree(sub)]
    return below if root is errors.PenstockError else [root, *below]
