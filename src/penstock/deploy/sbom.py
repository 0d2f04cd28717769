"""What a package is made of, as a CycloneDX 1.6 document that is the same for the same package.

https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from penstock import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.deploy.package import Package
    from penstock.deploy.wheels import Wheel


def document(package: Package, wheels: Iterable[Wheel]) -> dict[str, Any]:
    """The bill of materials of a package."""
    head = {
        "type": "application",
        "bom-ref": package.path.name,
        "name": package.path.stem,
        "version": __version__,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
    }
    own = {
        "type": "library",
        "bom-ref": f"pkg:pypi/penstock@{__version__}",
        "name": "penstock",
        "version": __version__,
        "purl": f"pkg:pypi/penstock@{__version__}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, package.sha256)}",
        "version": 1,
        "metadata": {"component": head},
        "components": [own, *map(_component, sorted(wheels, key=lambda w: w.name))],
    }


def write(package: Package, wheels: Iterable[Wheel]) -> Path:
    """Write it beside the package, as `NAME.sbom.json`."""
    path = package.path.with_suffix(".sbom.json")
    path.write_text(json.dumps(document(package, wheels), indent=2) + "\n", encoding="utf-8")
    return path


def _component(wheel: Wheel) -> dict[str, Any]:
    purl = f"pkg:pypi/{wheel.name}@{wheel.version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": wheel.name,
        "version": wheel.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
    }
    if wheel.license:
        found["licenses"] = [{"license": {"name": wheel.license}}]
    return found
