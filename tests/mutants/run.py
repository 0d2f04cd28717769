"""Break the ledger and commit code one place at a time, and see whether a test notices.

    make mutants
    TESTS='tests/unit/ledger …' python tests/mutants/run.py [FILE …]

The files are those of `[tool.coverage.report] include` in pyproject.toml, or those whose path
contains a given text. First the tests run once over the code as it is, to learn which test comes
by which line and how long it takes. Then each mutant is made in a copy of `src`, and the tests
that come by its place run against it, the quickest first, until one fails. A mutant that none of
them notices survives, and is printed.

`MUTANTS` (200): how many, drawn at random; 0: all. `SEED` (1): of the draw. `JOBS` (2).
`MUTANTS_MIN`: the share of noticed ones, in percent, below which the exit code is 1.
"""

from __future__ import annotations

import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from coverage import CoverageData

sys.path.insert(0, str(Path(__file__).parent))
from operators import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutants"
TESTS = os.environ.get("TESTS", "").split()
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
SPARE_SECONDS = 30
"""On top of three times what the tests took, before a mutant is taken for one that hangs."""
BUDGET_SECONDS = 90
"""Of tests for one mutant at most: a line that more come by has been through the quickest."""


def files() -> list[Path]:
    """The files that are broken."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = config["tool"]["coverage"]["report"]["include"]
    found = {p for pattern in patterns for p in _matching(pattern)}
    wanted = sys.argv[1:]
    return sorted(p for p in found if not wanted or any(w in str(p) for w in wanted))


def _matching(pattern: str) -> list[Path]:
    return list(ROOT.glob(pattern.replace("/*", "/**/*.py") if pattern.endswith("/*") else pattern))


def learn() -> tuple[CoverageData, dict[str, float]]:
    """Which test comes by which line, and the seconds each test takes."""
    data, times = BUILD / "coverage", BUILD / "times.txt"
    newest = max(p.stat().st_mtime for d in ("src", "tests") for p in (ROOT / d).rglob("*.py"))
    if not (times.exists() and data.exists() and times.stat().st_mtime > newest):
        print("the tests over the code as it is …", flush=True)
        BUILD.mkdir(parents=True, exist_ok=True)
        command = [*PYTEST, *TESTS, "--cov", "--cov-context=test", "--cov-report=", "--cov-fail-under=0", "-n",
                   os.environ.get("JOBS", "2"), "--durations=0", "-vv"]  # fmt: skip
        environment = {**os.environ, "COVERAGE_FILE": str(data), "PYTHONPATH": str(ROOT / "src")}
        with times.with_suffix(".new").open("w", encoding="utf-8") as out:
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, check=False)
        if done.returncode:
            print(times.with_suffix(".new").read_text(encoding="utf-8")[-4000:])
            raise SystemExit("the tests fail over the code as it is")
        times.with_suffix(".new").replace(times)
    found = CoverageData(str(data))
    found.read()
    seconds: dict[str, float] = Counter()
    for line in times.read_text(encoding="utf-8").splitlines():
        took, _, rest = line.strip().partition("s ")
        phase, _, name = rest.strip().partition(" ")
        if phase in {"setup", "call", "teardown"} and took.replace(".", "").isdigit():
            seconds[name.strip()] += float(took)
    return found, seconds


def tests_of(mutant: Mutant, data: CoverageData, seconds: dict[str, float]) -> list[str]:
    """The tests that come by a mutant's place, the quickest first."""
    by_line = data.contexts_by_lineno(str(ROOT / mutant.path))
    contexts = {c for line in mutant.lines for c in by_line.get(line, ())}
    if not any(contexts):  # it runs when the module is imported: before every test of the file
        contexts = {c for found in by_line.values() for c in found}
    names = {c.rpartition("|")[0] for c in contexts if "|" in c}
    chosen, spent = [], 0.0
    for name in sorted(names, key=lambda n: (seconds.get(n, 0.0), n)):
        spent += seconds.get(name, 0.0)
        if chosen and spent > BUDGET_SECONDS:
            break
        chosen.append(name)
    return chosen


def noticed(mutant: Mutant, tests: list[str], seconds: dict[str, float], copy: Path) -> bool:
    """Whether a test fails, or the tests hang."""
    original = (ROOT / mutant.path).read_bytes()
    target = copy / mutant.path
    target.write_bytes(mutant.apply(original))
    names = copy / "tests.txt"
    names.write_text("\n".join(tests), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    limit = 3 * sum(seconds.get(t, 0.0) for t in tests) + SPARE_SECONDS
    command = [*PYTEST, "-x", "--basetemp", str(copy / "tmp"), f"@{names}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        try:
            return process.wait(limit) != 0
        except subprocess.TimeoutExpired:
            return True
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            target.write_bytes(original)


def shown(mutant: Mutant) -> str:
    """The change as a diff without its surroundings."""
    before = (ROOT / mutant.path).read_bytes()
    lines = difflib.unified_diff(
        before.decode().splitlines(), mutant.apply(before).decode().splitlines(), n=0, lineterm=""
    )
    changed = [x for x in lines if x[:1] in "+-" and x[:3] not in {"+++", "---"}]
    return "\n".join((f"{mutant.path}:{mutant.lines.start}: {mutant.kind}", *changed))


def main() -> int:
    """Break, test, tell."""
    data, seconds = learn()
    every = [m for p in files() for m in mutants_of(str(p.relative_to(ROOT)), p.read_bytes())]
    count = int(os.environ.get("MUTANTS", "200"))
    chosen = every
    if 0 < count < len(every):
        chosen = random.Random(int(os.environ.get("SEED", "1"))).sample(every, count)
    jobs = int(os.environ.get("JOBS", "2"))
    copies: Queue[Path] = Queue()
    for number in range(jobs):
        copy = BUILD / f"copy-{number}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
        copies.put(copy)
    print(f"{len(chosen)} of {len(every)} mutants", flush=True)
    start = time.monotonic()

    def judge(mutant: Mutant) -> tuple[Mutant, bool, int]:
        tests = tests_of(mutant, data, seconds)
        if not tests:
            return mutant, False, 0
        copy = copies.get()
        try:
            return mutant, noticed(mutant, tests, seconds, copy), len(tests)
        finally:
            copies.put(copy)

    survived = []
    with ThreadPoolExecutor(jobs) as pool:
        for number, (mutant, good, tests) in enumerate(pool.map(judge, chosen), 1):
            if not good:
                survived.append(mutant)
                print(f"\nsurvived {tests} tests: {shown(mutant)}", flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(chosen)}, {len(survived)} survived", flush=True)
    score = 100 * (1 - len(survived) / len(chosen)) if chosen else 100.0
    print(
        f"\n{len(chosen)} mutants, {len(chosen) - len(survived)} noticed, {len(survived)} survived: "
        f"score {score:.1f} % in {time.monotonic() - start:.0f} s"
    )
    return int(score < float(os.environ.get("MUTANTS_MIN", "0")))


if __name__ == "__main__":
    sys.exit(main())
