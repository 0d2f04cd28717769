"""`penstock explain CODE`: what a code means, with a wrong and a right example."""

from __future__ import annotations

import click

from penstock.cli.output import Output, pass_output
from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError


@click.command("explain")
@click.argument("code", required=False)
@pass_output
def command(output: Output, *, code: str | None) -> None:
    """Explain CODE; without one, list them all."""
    from penstock import explanations

    if code is None:
        every = {c: explanations.title(c) for c in explanations.codes()}
        width = max(map(len, every))
        text = "\n".join(f"{c:<{width}}  {t}" for c, t in every.items())
        output.result(text, {"schema": "penstock.explanations/1", "codes": every})
        return
    name = code.upper()
    if name not in explanations.codes():
        raise UsageError(
            f"no diagnostic has the code `{code}`",
            hint=did_you_mean(name, explanations.codes(), noun="codes"),
        )
    document = {
        "schema": "penstock.explanation/1",
        "code": name,
        **explanations.sections(name),
    }
    output.result(f"{name}\n\n{explanations.text(name).strip()}", document)
