"""Trino's jars: fetched once with Maven into the user's cache, held to known checksums."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from penstock.errors import SandboxError
from penstock.sandbox.athena.trino import java

VERSION = "406"  # of January 2023; runs on Java 17
MEGABYTES = 225
MOST_SECONDS = 1800
_HERE = Path(__file__).parent / "program"
_SUMS = _HERE / "jars.sha256"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_HINT = "see what Maven says, and try again; or have Athena answered by DuckDB: --athena duckdb"


def folder() -> Path:
    """Where it is, or will be; another one for each version of what is fetched."""
    digest = hashlib.sha256()
    for name in ("pom.xml", "jars.sha256", "SandboxTrino.java"):
        digest.update((_HERE / name).read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "penstock" / f"trino-{VERSION}-{digest.hexdigest()[:12]}"


def is_there() -> bool:
    """Whether it was fetched."""
    return folder().is_dir()


def class_path() -> str:
    """For Java's `-cp`."""
    return f"{folder() / 'classes'}:{folder() / 'jars'}/*"


def fetch() -> None:
    """Fetch it, unless it is there. Which repository, proxy or mirror: as Maven's settings say.

    Raises:
        SandboxError: Java or Maven is missing, or Maven fails, or a jar is not the known one.
    """
    program = java.find()
    place = folder()
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another sandbox may be fetching it
        if is_there():
            return
        if shutil.which("mvn") is None:
            raise SandboxError(
                f"fetching Trino ({MEGABYTES} MB, once) needs Maven, and there is no `mvn`",
                code=java.CODE,
                hint="install it (Debian: apt-get install maven), or: --athena duckdb",
            )
        half = place.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        _maven(half / "jars", program)
        _checked(half / "jars")
        _compile(half, program)
        half.rename(place)


def _maven(jars: Path, program: Path) -> None:
    # -C: a checksum of the repository that does not hold is an error.
    command = ["mvn", "-q", "-B", "-C", "-f", str(_HERE / "pom.xml"), _COPY]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    _must(command, "Maven did not fetch Trino", {"JAVA_HOME": str(program.resolve().parents[1])})


def _checked(jars: Path) -> None:
    lines = _SUMS.read_text(encoding="ascii").splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in lines)}
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in jars.glob("*.jar")}
    wrong = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
    if wrong:
        raise SandboxError(
            f"what Maven gave is not Trino {VERSION} as it was published: {', '.join(wrong[:5])}",
            code=java.CODE,
            hint="look at the repositories and mirrors in Maven's settings.xml",
        )


def _compile(place: Path, program: Path) -> None:
    """Compile the 80 lines that start it, by the compiler that is a part of Java's runtime."""
    path = ":".join(str(p) for p in sorted((place / "jars").glob("*.jar")))
    command = [str(program), "--module", "jdk.compiler/com.sun.tools.javac.Main", "-proc:none"]
    command += ["--release", str(java.OLDEST)]
    command += ["-cp", path, "-d", str(place / "classes"), str(_HERE / "SandboxTrino.java")]
    _must(command, "Java did not compile what starts Trino", {})


def _must(command: list[str], what: str, variables: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
            env={**os.environ, **variables},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"{what}: {error}", code=java.CODE, hint=_HINT) from error
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        said = next((line for line in lines if "[ERROR]" in line), lines[-1])
        raise SandboxError(f"{what}: {said.strip()}", code=java.CODE, hint=_HINT)
