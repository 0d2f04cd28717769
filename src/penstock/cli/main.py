"""The `penstock` command: a table of commands, each imported when it is asked for."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from penstock import __version__
from penstock.cli.output import Output, StdoutRefused, to_stdout
from penstock.diagnostics import did_you_mean
from penstock.errors import Interrupted, PenstockError, UsageError, in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

# name → (module below penstock.cli, one line of help): so that `--help` imports none of them.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a new pipeline folder: definition, models, sample data, tests."),
    "validate": ("validate", "Check the definition; every error at once, nothing is run."),
    "test": ("test", "Run the unit tests of the models: rows in, rows out."),
    "run": ("run", "Run the pipeline and publish its targets."),
    "query": ("query", "SQL over the published tables."),
    "compile": ("compile", "Print the Program of an engine: its SQL, or the whole as JSON."),
    "engines": ("engines", "Which engines the pipeline means the same on, and why not the others."),
    "build": ("build", "Make what an AWS architecture is deployed from: packages, Terraform."),
    "deploy": ("deploy", "Build, and have Terraform make it: on AWS, or in the sandbox."),
    "logs": ("logs", "What the functions of a deployment said."),
    "replay": ("replay", "Dead letters of a deployment: look at them, send them again."),
    "destroy": ("destroy", "Take away what was deployed; published tables stay."),
    "discover": ("discover", "Record the columns of a source's files, or compare them."),
    "diff": ("diff", "Compare two versions of a published table: rows and columns that changed."),
    "rollback": ("rollback", "Publish what an older version of a table showed, as a new one."),
    "maintain": ("maintain", "Write small files together, and remove old versions of tables."),
    "runs": ("runs", "List runs, or show one."),
    "quarantine": ("quarantine", "List, show, export, replay or discard rows set aside."),
    "ledger": ("ledger", "Rebuild a lost or damaged ledger of what was published."),
    "cost": ("cost", "What the pipeline costs on AWS: a run, a month, an idle month."),
    "tune": ("tune", "Try sizes of a function's memory: seconds, peak, price, and the knee."),
    "audit": ("audit", "Show or verify the audit trail."),
    "sandbox": ("sandbox", "Run AWS on the laptop: start, end, look at it, fire its schedules."),
    "explain": ("explain", "Explain a diagnostic code, with a wrong and a right example."),
    "schema": ("schema", "Print the JSON schema of pipeline.yaml, for editors."),
    "completion": ("completion", "Print the completion script of a shell."),
    "version": ("version", "Print the versions of Penstock and of its engines."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and takes `--json` anywhere."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every command, in the order of a first day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"penstock.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS, noun="commands")
            raise UsageError(f"no command named `{args[0]}`", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The help's list, from the table, so that no command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no notes.")
@click.version_option(__version__, message="penstock %(version)s")
@click.pass_context
def cli(ctx: click.Context, *, as_json: bool, quiet: bool) -> None:
    """One pipeline definition: prove it on a laptop, deploy it to the AWS architecture that fits.

    Exit codes: 0 done; 1 a run, test or check failed; 2 the command line was wrong;
    3 the definition is invalid; 4 something outside is missing; 130 interrupted.
    """
    ctx.obj = ctx.obj or Output(json=as_json, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point: runs a command and leaves with its exit code."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    _three_streams()
    args, output = _everywhere_flags(args)
    code = _invoke(args, output)
    if code and "duckdb" in sys.modules:
        # A step that failed in its middle keeps its rows, and they a connection: DuckDB writes a
        # page about what is left when Python ends.
        gc.collect()
    if any(map(_outlives, threading.enumerate())):
        # A thread stuck in a user's step outlives its run; waiting for it would hang the exit.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _outlives(thread: threading.Thread) -> bool:
    """Whether leaving would wait for a thread; idle ones of a library's pool end when asked."""
    idle = thread.name.startswith("ThreadPoolExecutor-")
    return thread is not threading.current_thread() and not thread.daemon and not idle


def _everywhere_flags(args: list[str]) -> tuple[list[str], Output]:
    """Take `--json` and `--quiet` from any place before a `--`, and put them in front."""
    end = args.index("--") if "--" in args else len(args)
    head, tail = args[:end], args[end:]
    as_json = "--json" in head
    quiet = any(a in {"--quiet", "-q"} for a in head)
    rest = [a for a in head if a not in {"--json", "--quiet", "-q"}] + tail
    if as_json and rest == ["--version"]:
        rest = ["version"]  # stdout holds one JSON document, here too
    flags = ["--json"] * as_json + ["--quiet"] * quiet
    return flags + rest, Output(json=as_json, quiet=quiet)


def _invoke(args: list[str], output: Output) -> int:
    """Run a command and turn whatever it raises into words and an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    if os.environ.get("_PENSTOCK_COMPLETE"):
        cli.main(args=args, prog_name="penstock", standalone_mode=True)
    try:
        return _command(args, output)
    except click.ClickException as usage:
        return _usage(usage, output)
    except (KeyboardInterrupt, click.Abort):
        return _tell(Interrupted("interrupted", hint="what was published before still stands"),
                     output)  # fmt: skip
    except BrokenPipeError:
        _to_nowhere()
        return 0
    except StdoutRefused as error:
        _to_nowhere()
        return _tell(error, Output())
    except PenstockError as error:
        return _tell(error, output)
    except Exception as error:  # noqa: BLE001  # the last resort
        from penstock.cli.bug import report_bug

        told = in_words(error)
        if told is None:  # a bug of ours, told in one line
            return report_bug(error, args)
        return _tell(told, output)


def _tell(error: PenstockError, output: Output) -> int:
    """Show an error, even where it is a document for a stdout that takes none."""
    try:
        output.error(error)
    except BrokenPipeError:
        _to_nowhere()
    except StdoutRefused as refused:
        _to_nowhere()
        for each in (refused, error):
            Output().error(each)
    return error.exit_code


def _to_nowhere() -> None:
    """Have stdout's words go nowhere, those that it still holds too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _three_streams() -> None:
    """Put something in the place of stdin, stdout and stderr where the caller closed them.

    Else the next file opened, one of a run, had their numbers, and what a library writes to them.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, opened == number)
            setattr(sys, name, os.fdopen(opened, "w" if number else "r", encoding="utf-8"))


def _command(args: list[str], output: Output) -> int:
    try:
        with to_stdout():  # the help and the version
            context = cli.make_context("penstock", args)
        with context as ctx:
            ctx.obj = output
            found = cli.invoke(ctx)
            with to_stdout():
                sys.stdout.flush()
            return found if isinstance(found, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as usage:
        click.echo(usage.ctx.get_help() if usage.ctx else "", err=True)
        return UsageError.exit_code


def _usage(usage: click.ClickException, output: Output) -> int:
    hint: str | None = None
    ctx = getattr(usage, "ctx", None)
    if ctx is not None:
        near = getattr(usage, "possibilities", None)
        hint = f"did you mean `{near[0]}`?" if near else f"see `{ctx.command_path} --help`"
    message = usage.format_message().rstrip(".")
    return _tell(UsageError(message[:1].lower() + message[1:], hint=hint), output)


def _terminated(*_: Any) -> None:
    raise KeyboardInterrupt
