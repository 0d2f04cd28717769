"""checkov and parliament, in a virtual environment of their own, and tflint, built by Go.

python tests/helpers/linters.py            run checkov over the repository's Terraform
python tests/helpers/linters.py tflint     run tflint over it
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
WANTED = ROOT / "tests/terraform/linters.txt"
TFLINT = "v0.64.0"
# The rules that tflint brings itself: the Go module proxy does not give the ruleset of AWS.
TFLINT_RULES = """
config {
  call_module_type = "local"
}
plugin "terraform" {
  enabled = true
  preset  = "all"
}
"""
# Reads {name: policy} and writes [[name, issue, severity, detail]].
PARLIAMENT = """
import json, sys
from parliament import analyze_policy_string
found = [(name, f.issue, f.severity, f.detail)
         for name, text in json.load(sys.stdin).items()
         for f in analyze_policy_string(text).findings]
json.dump(found, sys.stdout)
"""


def python() -> Path:
    """The environment's Python; the environment is made once for what `linters.txt` asks for."""
    digest = hashlib.sha256(WANTED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"linters-{digest}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "linters.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be making it
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            command = [folder / "bin/python", "-m", "pip", "install", "--quiet", "-r", WANTED]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"pip did not fetch the linters:\n{done.stderr}"
            (folder / "made").touch()
    return folder / "bin/python"


def checkov(folder: Path) -> dict[str, list[dict[str, object]]]:
    """What checkov finds in a folder of Terraform: `passed_checks`, `failed_checks`, `skipped_checks`."""
    words = [
        "--framework",
        "terraform",
        "--output",
        "json",
        "--skip-download",
        "--skip-path",
        "tests",
    ]
    command = [python(), "-m", "checkov.main", "--directory", folder, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["results"]
    except (ValueError, KeyError, TypeError) as error:
        raise AssertionError(f"checkov:\n{done.stdout}{done.stderr}") from error
    assert not found["parsing_errors"], found["parsing_errors"]
    return found


def parliament(policies: dict[str, str]) -> list[list[object]]:
    """What parliament finds in IAM policies, given by name as JSON: name, issue, severity, detail."""
    done = subprocess.run(
        [python(), "-W", "ignore", "-c", PARLIAMENT],
        input=json.dumps(policies),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tflint() -> Path:
    """The program; built once, which takes some minutes.

    Raises:
        AssertionError: Go did not build it, or is not there.
    """
    folder = CACHE / f"tflint-{TFLINT}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "tflint.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "tflint").exists():
            assert shutil.which("go"), "Go is needed to build tflint (Debian: golang; go.dev/dl)"
            wanted = f"github.com/terraform-linters/tflint@{TFLINT}"
            done = subprocess.run(
                ["go", "install", wanted],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "GOBIN": str(folder)},
            )
            assert done.returncode == 0, f"Go did not build tflint:\n{done.stderr}"
    return folder / "tflint"


def tflint_issues(place: Path) -> list[str]:
    """What tflint finds in a folder of Terraform: `FILE:LINE: RULE: WHAT` each."""
    (place / ".tflint.hcl").write_text(TFLINT_RULES)
    for root in place.glob("architectures/*"):  # what a build has beside the root
        (root / "packages").mkdir()
        (root / "program.json").write_text("{}")
        for kind in ("planner", "runtime"):
            (root / "packages" / f"{kind}-arm64.zip").write_bytes(b"zip")
    done = subprocess.run(
        [tflint(), f"--config={place / '.tflint.hcl'}", "--recursive", "--format=json", "--force"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(f"tflint:\n{done.stdout}{done.stderr}") from error
    assert not found["errors"], found["errors"]
    return sorted(
        f"{i['range']['filename']}:{i['range']['start']['line']}: {i['rule']['name']}: {i['message']}"
        for i in found["issues"]
    )


def terraform_files(to: Path) -> Path:
    """A copy of the repository's Terraform, without what Terraform keeps beside it."""
    for name in ("terraform", "architectures"):
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(ROOT / name, to / name, ignore=ignored)
    return to


def main() -> int:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        if sys.argv[1:] == ["tflint"]:
            issues = tflint_issues(terraform_files(Path(place)))
            print("\n".join(issues) or "tflint finds nothing")
            return len(issues) > 0
        found = checkov(terraform_files(Path(place)))
    for each in found["failed_checks"]:
        print(f"{each['check_id']} {each['check_name']}: {each['resource']} {each['file_path']}")
    print({kind: len(checks) for kind, checks in found.items()})
    return len(found["failed_checks"]) > 0


if __name__ == "__main__":
    sys.exit(main())
