"""The versions of one published target, by the names that people have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from penstock.cli import pipeline as shared
from penstock.cli.where import deployed, deployed_ledger
from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.targets.base import VersionInfo

CODE_TARGET = "PSK-CLI-042"
CODE_VERSION = "PSK-CLI-044"


class Versions:
    """A target as the ledger knows it, as a context manager.

    Args:
        sandbox: the ledger of what was deployed to the sandbox.
        profile: that of what was deployed with a profile.

    Raises:
        UsageError: nothing was published under this name.
    """

    def __init__(
        self, root: Path, target: str, *, sandbox: bool = False, profile: str | None = None
    ) -> None:
        from penstock.runtime.publish import load_from_json, open_target

        self.pipeline = shared.pipeline_name(root)
        self.target = target
        opened: Ledger | None
        if sandbox or profile is not None:
            opened = deployed_ledger(deployed(root, sandbox=sandbox, profile=profile))
        else:
            opened = shared.open_ledger(root)
        current = opened.current(self.pipeline) if opened else {}
        if opened is None or target not in current:
            if opened is not None:
                opened.close()
            raise UsageError(
                f"nothing was published as `{target}`",
                code=CODE_TARGET,
                hint=did_you_mean(target, current, noun="published targets")
                if current
                else "`penstock run` publishes",
            )
        self.ledger: Ledger = opened
        self.load = load_from_json(current[target].load)
        self.reader = open_target(self.load, root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def there(self) -> list[VersionInfo]:
        """The versions that can still be read, newest first.

        Raises:
            UsageError: there is none any more.
        """
        found = self.reader.versions()
        if not found:
            raise UsageError(f"`{self.target}` has no version that can be read", code=CODE_VERSION)
        return found

    def current(self) -> str:
        """The newest version."""
        return self.there()[0].version

    def before(self, version: str) -> str:
        """The version before one.

        Raises:
            UsageError: it is the first that is still there.
        """
        found = [v.version for v in self.there()]
        at = found.index(version) + 1
        if at == len(found):
            gap = f"`{self.target}` has no version before {version}"
            raise UsageError(gap, code=CODE_VERSION, hint=self._hint())
        return found[at]

    def named(self, name: str) -> str:
        """The version that a text means: its name, the run that published it, or a beginning.

        Raises:
            UsageError: it means none, or several.
        """
        runs = {v.version: v.run_id for v in self.ledger.versions(self.pipeline, self.target)}
        there = [v.version for v in self.there()]
        if name in there:
            return name
        found = [v for v in there if v.startswith(name) or runs.get(v, "").startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found:
            self._refuse_removed(name, runs)
        what = f"is the beginning of {len(found)} versions" if found else "is no version"
        raise UsageError(
            f"`{name}` {what} of `{self.target}` and of no run that published one"
            if not found
            else f"`{name}` {what} of `{self.target}`",
            code=CODE_VERSION,
            hint=self._hint(),
        )

    def _refuse_removed(self, name: str, runs: dict[str, str]) -> None:
        from penstock.runtime.maintain import removed

        gone = removed(self.ledger, self.pipeline, self.target)
        for version, at in gone.items():
            if version.startswith(name) or runs.get(version, "").startswith(name):
                raise UsageError(
                    f"version {version} of `{self.target}` is gone: `penstock maintain` removed "
                    f"it on {at[:10]}",
                    code=CODE_VERSION,
                    hint=self._hint(),
                )

    def _hint(self) -> str:
        shown = [v.version for v in self.there()[:5]]
        return f"there are: {', '.join(shown)}"
