"""What a folder remembers of its sandbox: `.penstock/sandbox/state.json`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "penstock.sandbox/1"
HOST = "127.0.0.1"  # the address: `localhost` makes S3 clients put the bucket in front
ACCOUNT = "123456789012"  # moto's


@dataclass(frozen=True)
class State:
    """A server that was started.

    Attributes:
        token: of this server alone: another program may listen at its port later.
        started_at: ISO 8601, UTC.
    """

    pid: int
    port: int
    token: str
    region: str
    started_at: str

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"


def home(folder: Path) -> Path:
    """Where a folder's sandbox keeps its files."""
    return folder / ".penstock" / "sandbox"


def read(folder: Path) -> State | None:
    """The server that was started last, if its file can be read. It may have ended since."""
    try:
        document = json.loads((home(folder) / "state.json").read_text(encoding="utf-8"))
        document.pop("schema")
        return State(**document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(folder: Path, state: State) -> None:
    """Remember a server, in one step: whoever reads sees the old one or the new one."""
    place = home(folder)
    place.mkdir(parents=True, exist_ok=True)
    fresh = place / "state.json.new"
    fresh.write_text(json.dumps({"schema": SCHEMA, **asdict(state)}, indent=2), encoding="utf-8")
    os.replace(fresh, place / "state.json")  # noqa: PTH105


def forget(folder: Path) -> None:
    """The server has ended."""
    (home(folder) / "state.json").unlink(missing_ok=True)


def variables(state: State) -> dict[str, str]:
    """The environment that points every AWS SDK, and Terraform, at the sandbox."""
    return {
        "AWS_ENDPOINT_URL": state.url,
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",  # moto asks for keys and checks none
        "AWS_EC2_METADATA_DISABLED": "true",
    }
