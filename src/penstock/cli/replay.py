"""`penstock replay`: dead letters, looked at or sent again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.cli.where import deployed, where_options

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.deploy.operate.dead_letters import DeadLetter


@click.command("replay")
@shared.folder_argument
@where_options
@click.option("--run", "run", metavar="RUN", help="Only what belongs to this run.")
@click.option("--error", metavar="TEXT", help="Only where the error has this code or text in it.")
@click.option("--from", "from_", metavar="TIME", help="Only what was sent at TIME or later.")
@click.option("--to", metavar="TIME", help="Only what was sent before TIME.")
@click.option("--list", "only_list", is_flag=True, help="Show them and send nothing.")
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    sandbox: bool,
    profile: str | None,
    run: str | None,
    error: str | None,
    from_: str | None,
    to: str | None,
    only_list: bool,
) -> None:
    """Send messages again that failed too often, after their cause was mended.

    Doing it twice changes nothing: a message names work, and work that is done is found done.
    Rows that were set aside are another thing: `penstock quarantine replay`.
    """
    from penstock.deploy.operate.dead_letters import DeadLetters

    begin, end = _time(from_), _time(to)
    found = deployed(shared.pipeline_root(folder), sandbox=sandbox, profile=profile)
    letters = DeadLetters(found)
    everything = letters.all()

    def wanted(letter: DeadLetter) -> bool:
        return (
            (run is None or (letter.run_id or "").startswith(run))
            and (error is None or error.lower() in letter.error.lower())
            and (begin is None or letter.since >= begin)
            and (end is None or letter.since < end)
        )

    chosen = [letter for letter in everything if wanted(letter)]
    unknown = [letter for letter in chosen if letter.kind == "unknown"]
    left = [letter for letter in everything if letter not in chosen]
    try:
        if only_list:
            left = everything
        else:
            left += unknown
            for letter in chosen:
                if letter.kind != "unknown":
                    letters.send_again(letter)
    finally:
        letters.give_back(left)
    sent = 0 if only_list else len(chosen) - len(unknown)
    document = {
        "schema": "penstock.replay/1",
        "sent": sent,
        "letters": [letter.as_json() for letter in chosen],
    }

    def shown() -> str:
        if not chosen:
            return "no dead letter" + (" of that kind" if everything else "")
        text = _table(chosen)
        if only_list:
            return f"{text}\n\n{len(chosen)} dead; `penstock replay` sends them again"
        told = f"{text}\n\n{sent} sent again"
        return told + (f"; {len(unknown)} left, which Penstock did not write" if unknown else "")

    output.result(shown, document)


def _table(letters: list[DeadLetter]) -> str:
    return table(
        ["kind", "run", "slice", "since", "tries", "error"],
        [
            [
                x.kind,
                x.run_id or "",
                "" if x.slice is None else str(x.slice),
                x.since.strftime("%Y-%m-%d %H:%M:%S"),
                x.deliveries,
                x.error or "(nobody left word)",
            ]
            for x in letters
        ],
        widest=90,
    )


def _time(text: str | None) -> datetime | None:
    from penstock.errors import UsageError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "write ISO 8601, as in 2026-03-01T06:00:00Z"
        raise UsageError(f"`{text}` is no time", hint=hint) from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
