"""The manifests of a table in a bucket: `current.json` is swapped by compare-and-swap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import LoadFailed
from penstock.runtime.targets.lake.manifest import Manifest, as_bytes, is_plain, parse
from penstock.runtime.targets.lake.place import FOLDER

if TYPE_CHECKING:
    from penstock.runtime.storage import Store

CURRENT = f"{FOLDER}/current.json"


class RemoteManifests:
    """As `Manifests`, without a lock: of two writers one is refused, and looks again."""

    def __init__(self, store: Store, shown: str) -> None:
        self.shown = shown
        self._store = store
        self._seen: tuple[str | None, str] | None = None  # version → identity of what holds it

    def prepare(self) -> None:
        """Look that nothing else is there.

        Raises:
            LoadFailed: there are files that Penstock did not write, or the manifest is gone.
        """
        if self._store.head(CURRENT) is not None:
            return
        for entry in self._store.list():
            if not entry.path.startswith(f"{FOLDER}/") and "/part-" not in f"/{entry.path}":
                raise LoadFailed(
                    f"{self.shown} is not empty, and Penstock did not write it ({entry.path}): a "
                    "lake table is not mixed with other files",
                    code="PSK-TGT-102",
                    hint="name an empty place as `path`, or move what is there away first",
                )

    def current(self) -> Manifest | None:
        """What readers see; None: nothing was published yet."""
        entry = self._store.head(CURRENT)
        if entry is None:
            self._seen = None
            return None
        found = self._read(CURRENT)
        again = self._store.head(CURRENT)
        if again is None or again.identity != entry.identity:
            return self.current()  # swapped between the two looks
        self._seen = (found.version, entry.identity or "")
        return found

    def version(self, version: str) -> Manifest | None:
        """A version by its name; None: there is none."""
        path = self._path(version)
        if not is_plain(version) or self._store.head(path) is None:
            return None
        return self._read(path)

    def every(self) -> list[Manifest]:
        """Every manifest that is there, in no order."""
        folder = f"{FOLDER}/manifests"
        return [self._read(e.path) for e in self._store.list(folder)]

    def publish(self, base: Manifest | None, manifest: Manifest) -> bool:
        """Make a version the one that readers see; False: another writer was first."""
        data = as_bytes(manifest)
        self._store.put(self._path(manifest.version), data)
        if base is None:
            return self._store.put_if_absent(CURRENT, data)
        if self._seen is None or self._seen[0] != base.version:
            return False
        return self._store.replace_if(CURRENT, data, self._seen[1])

    def discard(self, token: str, version: str | None) -> None:
        """Remove what a killed commit left, but for a version that was published."""
        names = (e.path for e in self._store.list(f"{FOLDER}/manifests"))
        left = [n for n in names if n.endswith(f"-{token}.json") and n != self._path(version)]
        self._store.delete(left)

    def expire(self, version: str) -> None:
        """Forget a version."""
        self._store.delete([self._path(version)])

    def _path(self, version: str | None) -> str:
        return f"{FOLDER}/manifests/{version}.json"

    def _read(self, path: str) -> Manifest:
        try:
            return parse(self._store.read(path).decode(), self.shown)
        except ValueError as error:
            raise LoadFailed(
                f"the manifest {self.shown}/{path} cannot be used: {error}",
                code="PSK-TGT-104",
                hint=f"copy a good one from {FOLDER}/manifests/ to {CURRENT}",
            ) from error
