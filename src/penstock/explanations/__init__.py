"""One Markdown file for each diagnostic code; `penstock explain CODE` shows it."""

from __future__ import annotations

from importlib.resources import files


def codes() -> list[str]:
    """Every code that is explained, sorted."""
    names = (p.name for p in files(__name__).iterdir())
    return sorted(n.removesuffix(".md") for n in names if n.endswith(".md"))


def text(code: str) -> str:
    """The explanation of a code, Markdown.

    Raises:
        KeyError: there is none.
    """
    if code not in codes():
        raise KeyError(code)
    return (files(__name__) / f"{code}.md").read_text(encoding="utf-8")


def title(code: str) -> str:
    """The first line of a code's explanation.

    >>> title("PSK-RUN-130")
    'Interrupted'
    """
    return text(code).partition("\n")[0].removeprefix("# ")


def sections(code: str) -> dict[str, str]:
    """An explanation in its parts: `title`, `text`, `wrong`, `right`."""
    body = text(code)
    head, _, rest = body.partition("## Wrong")
    wrong, _, right = rest.partition("## Right")
    first, _, about = head.partition("\n")
    return {
        "title": first.removeprefix("# ").strip(),
        "text": about.strip(),
        "wrong": wrong.strip(),
        "right": right.strip(),
    }
