"""The folder of a run under way, in the work bucket, `RUN/ATTEMPT`.

    plan.json          what each slice reads, and the lock that the run works under
    told.json          every slice has its task in the queue
    slices/00003.json  what a worker made of slice 3, put once
    failures/3.json    (and load.json) the last error of slice 3 that may pass when it is done
                       again; `until`: it was the last try there is, and has ended by then
    held/00003-…/…     rows and records that the slice set aside
    landed/…           what a source wrote down where the run was planned, for the workers
    merge/TARGET/…     rows of slices for a target with `mode: merge`, for the loader

An attempt that goes on with the slices of another (`dead.py`) has a plan of its own, and the folder
of that one for the rest. Listings are consistent, so that "every slice is there" needs no counter.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError, in_words
from penstock.runtime.document import utc_now
from penstock.runtime.engines.base import InputFile
from penstock.runtime.ledger.base import Lock
from penstock.runtime.sources.base import Slice
from penstock.runtime.storage import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.runtime.storage import Store

PLAN_SCHEMA = "penstock.plan/1"
SLICE_SCHEMA = "penstock.slice/1"
LANDED = "landed/"
CODE = "PSK-FN-005"
CODE_DEAD = "PSK-FN-009"
KILLED = "the function was killed in its last try: by its time limit, or for want of memory"
NEVER = "9999"
_OWN = frozenset({"plan.json", "told.json", "failures"})


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the functions of a run do.

    Attributes:
        key: the run's key, under which targets stage and commit.
        date: of `${run.date}`.
        program: digest of the Program that the run is made by.
        build: digest of the build's, which that one is, or was made of.
        full_refresh: targets are overwritten.
        whole: dataset → what every slice reads of it.
        source: the dataset that is cut; None: it is one slice.
        files: of each slice, what it reads of `source`.
        windows: dataset → `window` that it is read by, and the watermark `before`.
        schema_changes: what differs from the schemas before, for the report.
        sources: dataset → identity of everything there was to read, for the ledger.
        after: the run that had succeeded last when it was planned; None: there was none.
        work_of: the attempt whose slices this one goes on with; None: its own.
    """

    pipeline: str
    run_id: str
    attempt: int
    key: str
    program: str
    date: str
    started_at: str
    lock: Lock
    whole: dict[str, Slice]
    source: str | None = None
    files: tuple[tuple[InputFile, ...], ...] = ((),)
    full_refresh: bool = False
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    build: str = ""
    schema_changes: tuple[dict[str, Any], ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    after: str | None = None
    work_of: int | None = None

    def part(self, number: int) -> dict[str, Slice]:
        """Dataset → what slice `number` reads of it."""
        found = dict(self.whole)
        if self.source is not None:
            whole = self.whole[self.source]
            # Rows that are alike in two slices are two rows, also where they are held.
            identity = f"{whole.identity}/{number}"
            found[self.source] = Slice(identity, self.files[number], whole.bounds)
        return found


class WorkFolder:
    """The folder of one attempt at a run."""

    def __init__(self, store: Store, run_id: str, attempt: int) -> None:
        self._store = store
        self._run = run_id
        self._attempt = attempt
        self._of: int | None = 1 if attempt == 1 else None

    def put_plan(self, plan: RunPlan) -> None:
        """Write the plan; doing it again writes the same."""
        self._of = plan.work_of or self._attempt
        self._put("plan.json", {"schema": PLAN_SCHEMA, **asdict(plan)})

    def plan(self) -> RunPlan | None:
        """The plan; None: there is none any more, or not yet."""
        found = self._get("plan.json", PLAN_SCHEMA)
        if found is None:
            return None
        return RunPlan(
            **{
                **found,
                "lock": Lock(**found["lock"]),
                "whole": {n: _slice(s) for n, s in found["whole"].items()},
                "files": tuple(tuple(InputFile(**f) for f in part) for part in found["files"]),
                "notes": tuple(found["notes"]),
                "schema_changes": tuple(found.get("schema_changes", ())),
            }
        )

    def put_told(self) -> None:
        """Note that there is a task for every slice."""
        self._put("told.json", {})

    def told(self) -> bool:
        """Whether there was a task for every slice."""
        return self._store.head(self._path("told.json")) is not None

    def share(self, root: Path, part: Slice) -> Slice:
        """Copy what a source wrote down on this machine, below `root`; others find it here."""

        def shared(file: InputFile) -> InputFile:
            if is_remote(file.path) or not Path(file.path).is_relative_to(root):
                return file
            name = LANDED + Path(file.path).relative_to(root).as_posix()
            self._store.upload(Path(file.path), self._path(name))
            return replace(file, path=name)

        return replace(part, files=tuple(map(shared, part.files)))

    def bring(self, root: Path, part: Slice) -> tuple[Slice, list[Path]]:
        """A slice with what was shared on this machine, and what was put here for it."""
        put: list[Path] = []

        def here(file: InputFile) -> InputFile:
            if not file.path.startswith(LANDED):
                return file
            to = root / file.path.removeprefix(LANDED)
            to.parent.mkdir(parents=True, exist_ok=True)
            self._store.download(self._path(file.path), to)
            put.append(to)
            return replace(file, path=str(to))

        return replace(part, files=tuple(map(here, part.files))), put

    def put_slice(self, number: int, document: dict[str, Any]) -> bool:
        """Put what came of a slice; False: another worker was first, and its result counts."""
        body = json.dumps({"schema": SLICE_SCHEMA, **document}, default=str).encode()
        return self._store.put_if_absent(self._path(_slice_name(number)), body)

    def slice(self, number: int) -> dict[str, Any] | None:
        """What came of a slice; None: it is not done."""
        return self._get(_slice_name(number), SLICE_SCHEMA)

    def done(self) -> int:
        """How many slices are done."""
        return sum(1 for _ in self._store.list(self._path("slices")))

    @contextmanager
    def noting(self, name: int | str, *, last_until: str | None = None) -> Iterator[None]:
        """Note what ends a try at a slice, or at the `load`: it is shown with the dead letter.

        Args:
            last_until: where no other try follows: when this one has ended at the latest. Noted
                before, since whoever is killed notes nothing.
        """
        note = f"failures/{name}.json"
        if last_until:
            self._put(note, {"code": CODE_DEAD, "message": KILLED, "until": last_until})
        elif self._store.head(self._path(note)) is not None:
            self._store.delete([self._path(note)])  # sent again, after what was the last try then
        try:
            yield
        except Exception as error:
            self.note(name, error, **({"until": utc_now()} if last_until else {}))
            raise

    def note(self, name: int | str, error: Exception, **more: str) -> None:
        """Note the last error of a slice, or of the `load`."""
        known = in_words(error)
        told = known.message if known else f"{type(error).__name__}: {error}"
        code = known.code if known else "PSK-BUG-001"
        self._put(f"failures/{name}.json", {"code": code, "message": told, **more})

    def dead(self) -> dict[int, dict[str, Any]]:
        """Slices that nobody tries any more: number → `code` and `message` of the last try."""
        found: dict[int, dict[str, Any]] = {}
        now = utc_now()
        for entry in self._store.list(self._path("failures")):
            number = Path(entry.path).stem
            note = json.loads(self._store.read(entry.path)) if number.isdigit() else {}
            if note.get("until", NEVER) <= now and self.slice(int(number)) is None:
                found[int(number)] = note
        return found

    def keep(self, name: str, folder: Path) -> list[str]:
        """Copy the files of a local folder to `held/NAME`; gives their names there."""
        kept = []
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            to = f"held/{name}/{path.relative_to(folder).as_posix()}"
            self._store.upload(path, self._path(to))
            kept.append(to)
        return kept

    def leave(self, name: str, file: Path) -> str:
        """Copy a file to `merge/NAME`; gives its name there."""
        self._store.upload(file, self._path(f"merge/{name}"))
        return f"merge/{name}"

    def fetch(self, name: str, to: Path) -> None:
        """Copy a file of the folder here."""
        self._store.download(self._path(name), to)

    def _put(self, name: str, document: dict[str, Any]) -> None:
        self._store.put(self._path(name), json.dumps(document, default=str).encode())

    def _get(self, name: str, schema: str) -> dict[str, Any] | None:
        path = self._path(name)
        if self._store.head(path) is None:
            return None
        found: dict[str, Any] = json.loads(self._store.read(path))
        if found.pop("schema", None) != schema:
            raise RunError(
                f"{self._store.url(path)} is not of schema {schema}",
                code=CODE,
                hint="all functions of a pipeline are of one build; apply it again",
            )
        return found

    def _path(self, name: str) -> str:
        own = name.partition("/")[0] in _OWN
        return f"{self._run}/{self._attempt if own else self._work_of()}/{name}"

    def _work_of(self) -> int:
        """The attempt whose slices count."""
        if self._of is None:
            plan = self._get("plan.json", PLAN_SCHEMA)
            if plan is None:
                return self._attempt
            self._of = plan.get("work_of") or self._attempt
        return self._of


def _slice_name(number: int) -> str:
    return f"slices/{number:05d}.json"


def _slice(data: dict[str, Any]) -> Slice:
    files = tuple(InputFile(**f) for f in data["files"])
    return Slice(data["identity"], files, data["bounds"])
