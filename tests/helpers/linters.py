"""checkov and parliament, in a virtual environment of their own.

python tests/helpers/linters.py    run checkov over the repository's Terraform
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
WANTED = ROOT / "tests/terraform/linters.txt"
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


def terraform_files(to: Path) -> Path:
    """A copy of the repository's Terraform, without what Terraform keeps beside it."""
    for name in ("terraform", "architectures"):
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(ROOT / name, to / name, ignore=ignored)
    return to


def main() -> int:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        found = checkov(terraform_files(Path(place)))
    for each in found["failed_checks"]:
        print(f"{each['check_id']} {each['check_name']}: {each['resource']} {each['file_path']}")
    print({kind: len(checks) for kind, checks in found.items()})
    return len(found["failed_checks"]) > 0


if __name__ == "__main__":
    sys.exit(main())
