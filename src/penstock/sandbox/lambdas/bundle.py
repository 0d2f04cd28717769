"""What Lambda's Python runtime brings besides the standard library: the runtime client and boto3.

Functions run without the packages of the environment the sandbox is installed in, so that a zip
that lacks a package fails here as it fails in Lambda.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


def runtime_folder(home: Path) -> Path:
    """A folder of links to those packages.

    Raises:
        ModuleNotFoundError: one is not installed.
    """
    place = home / "runtime"
    place.mkdir(parents=True, exist_ok=True)
    for name in CLIENT + SDK:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        origin = Path(found.origin)
        source = origin.parent if found.submodule_search_locations else origin
        link = place / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return place
