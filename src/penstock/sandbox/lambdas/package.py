"""A function's zip and its layers, unpacked once for each content."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path


def unpacked(home: Path, content: bytes) -> Path:
    """The folder of a zip's files, made if this content was never seen.

    Raises:
        zipfile.BadZipFile: it is no zip.
    """
    place = home / "code" / hashlib.sha256(content).hexdigest()[:24]
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=place.parent))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for each in packed.infolist():
                written = Path(packed.extract(each, fresh))
                mode = each.external_attr >> 16 & 0o777
                if mode and not each.is_dir():
                    written.chmod(mode | 0o400)
        fresh.chmod(0o755)
        os.rename(fresh, place)  # noqa: PTH104
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not place.is_dir():  # else another thread was first
            raise
    return place
