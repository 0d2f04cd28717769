"""Wheels for a function's platform, fetched by pip; the versions are those of `constraints.txt`.

Only wheels: nothing is compiled, so that a laptop of any kind builds for any architecture.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import BuildError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.cost.architectures.lambda_settings import Machine

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
_WHEEL_MACHINE: dict[Machine, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
# Amazon Linux 2023, which python3.12 and later run on, has glibc 2.34.
_GLIBC = ("2014", "_2_17", "_2_24", "_2_26", "_2_27", "_2_28", "_2_31", "_2_34")
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel, and what its own metadata says.

    Attributes:
        sha256: of the wheel's bytes, in hexadecimal digits.
        license: as the package names it; may be empty.
    """

    path: Path
    name: str
    version: str
    sha256: str
    license: str = ""


def here() -> tuple[Machine, str]:
    """Processor and Python of this process, as the sandbox runs functions."""
    machine: Machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    return machine, f"{sys.version_info.major}.{sys.version_info.minor}"


def fetch(
    requirements: Iterable[str], machine: Machine, folder: Path, *, python: str | None
) -> list[Wheel]:
    """Fetch wheels with all that they depend on, in the order of their names.

    Args:
        requirements: as pip takes them, such as `psycopg[binary]`.
        folder: where they are kept; what lies there is used again.
        python: version, such as `3.13`; None: for this machine and its Python, not for Lambda.

    Raises:
        Unavailable: pip is missing or cannot fetch them (exit code 4).
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = sorted(set(requirements))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)]
    command += ["--only-binary=:all:"]
    if python is not None:
        command += ["--implementation", "cp", "--python-version", python]
        for glibc in _GLIBC:
            command += ["--platform", f"manylinux{glibc}_{_WHEEL_MACHINE[machine]}"]
    command += ["--constraint", str(CONSTRAINTS), *asked]
    try:
        done = subprocess.run(  # noqa: S603  # the words are ours
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_fetch(machine, str(error)) from error
    if done.returncode:
        raise _cannot_fetch(machine, _last_line(done.stderr))
    return sorted(map(read_wheel, folder.glob("*.whl")), key=lambda wheel: wheel.name)


def read_wheel(path: Path) -> Wheel:
    """What a wheel says of itself.

    Raises:
        BuildError: it is no wheel.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            [about] = [n for n in archive.namelist() if _is_metadata(n)]
            head = HeaderParser().parsestr(archive.read(about).decode())
    except (ValueError, zipfile.BadZipFile) as error:
        raise BuildError(
            f"{path.name} is not a wheel, or is damaged",
            code="PSK-BLD-004",
            hint="remove it and build again",
        ) from error
    return Wheel(
        path=path,
        name=str(head["Name"]).lower().replace("_", "-"),
        version=str(head["Version"]),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        license=_license(head.get("License-Expression") or head.get("License") or ""),
    )


def _is_metadata(name: str) -> bool:
    return name.count("/") == 1 and name.endswith(".dist-info/METADATA")


def _license(text: str) -> str:
    r"""Some packages put the whole text there; its first line names it.

    >>> _license("MIT License\n\nPermission is hereby …")
    'MIT License'
    """
    return text.strip().partition("\n")[0].strip()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip gave no reason"])[-1]


def _cannot_fetch(machine: Machine, reason: str) -> Unavailable:
    return Unavailable(
        f"pip cannot fetch the packages for {machine}: {reason}",
        code="PSK-BLD-001",
        hint="see that `python -m pip --version` works and that pip reaches a package index",
    )
