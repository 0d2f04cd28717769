"""The `penstock` command: as it is installed, or in a child of the fork server.

Both have a process, a folder, an environment and output of their own, and end as any process
does. The child has imported everything before it starts, which is most of what a command on a
small pipeline costs. Of an installed command it leaves out the start of the interpreter and the
loading of modules: `test_shop.py`, `test_init.py`, `test_wheel.py` and others cover those.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from children import start

from penstock.cli.main import main

MOST_SECONDS = 120


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The JSON document on stdout: it must be one, and nothing else."""
        return json.loads(self.out)

    @property
    def codes(self):
        """The diagnostic codes of a `validate --json`."""
        return [d["code"] for d in self.document["diagnostics"]]


def command(*args: str) -> list[str]:
    """The installed command and its arguments."""
    return [str(Path(sys.executable).with_name("penstock")), *args]


def installed(*args: str, folder: Path, env: dict[str, str]) -> Done:
    """Run the installed command."""
    done = subprocess.run(
        command(*args),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
        env=env,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def forked(*args: str, folder: Path, env: dict[str, str]) -> Done:
    """Run the command in a child of the fork server."""
    with tempfile.TemporaryDirectory(prefix="penstock-told-") as told:
        out, err = Path(told, "out"), Path(told, "err")
        process = start(_command, args, str(folder), env, str(out), str(err))
        process.join(MOST_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError(f"`penstock {' '.join(args)}` hangs: {err.read_text()}")
        return Done(process.exitcode, out.read_text(), err.read_text())


def _command(args: tuple[str, ...], folder: str, env: dict[str, str], out: str, err: str) -> None:
    for path, standard in ((out, 1), (err, 2)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, standard)
        os.close(handle)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = command(*args)
    main(args)
