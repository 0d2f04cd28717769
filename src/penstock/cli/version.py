"""`penstock version`: the versions that decide what comes out of a run."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from penstock import __version__
from penstock.cli.output import Output, pass_output

PACKAGES = ("duckdb", "sqlglot", "pydantic", "pyarrow")


@click.command("version")
@pass_output
def command(output: Output) -> None:
    """Print the versions of Penstock, of Python and of the packages that do the work."""
    found = {name: _installed(name) for name in PACKAGES}
    lines = [f"penstock {__version__}", f"python {platform.python_version()}"]
    lines += [f"{name} {version or 'not installed'}" for name, version in found.items()]
    document = {
        "schema": "penstock.version/1",
        "penstock": __version__,
        "python": platform.python_version(),
        "packages": found,
        "platform": platform.platform(),
    }
    output.result("\n".join(lines), document)


def _installed(package: str) -> str | None:
    """The version of an installed package, read without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
