"""A Java that Trino runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from penstock.errors import SandboxError

OLDEST, NEWEST = 17, 21  # tested on both; https://issues.apache.org/jira/browse/HADOOP-19212
CODE = "PSK-SBX-004"
INSTALL = "install Java 17 (Debian: apt-get install openjdk-17-jre-headless)"
INSTALLED = (
    "usr/lib/jvm/*/bin/java",
    "Library/Java/JavaVirtualMachines/*/Contents/Home/bin/java",
)
_VERSION = re.compile(r"java\.specification\.version = ([0-9]+)")


def find() -> Path:
    """The program `java`: that of JAVA_HOME, of the PATH, or another that is installed.

    Raises:
        SandboxError: there is none, or none of a version that does.
    """
    seen: list[str] = []
    for program in _candidates():
        version = _version(program)
        if version is not None and OLDEST <= version <= NEWEST:
            return program
        seen.append(f"{program} is {version or 'none that runs'}")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise SandboxError(
        f"Trino needs Java {OLDEST} to {NEWEST}, and there is none{found}",
        code=CODE,
        hint=f"{INSTALL} or name one in JAVA_HOME; or have Athena answered by DuckDB: "
        "--athena duckdb",
    )


def _candidates() -> list[Path]:
    home, there = os.environ.get("JAVA_HOME"), shutil.which("java")
    found = [Path(home) / "bin" / "java"] if home else []
    found += [Path(there)] if there else []
    found += [p for pattern in INSTALLED for p in sorted(Path("/").glob(pattern))]
    return list(dict.fromkeys(p for p in found if p.is_file()))


def _version(program: Path) -> int | None:
    command = [str(program), "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(  # noqa: S603  # of this machine's own programs
            command, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    told = _VERSION.search(done.stderr + done.stdout)
    return int(told[1]) if told else None
