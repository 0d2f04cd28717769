"""Trino's settings: one catalog of files, and one of Iceberg tables that it sends queries on to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sandbox.state import HOST

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = "awsdatacatalog"
_ICEBERG = "awsdatacatalog_iceberg"


def write(folder: Path, *, port: int, url: str, region: str) -> None:
    """Write them where `SandboxTrino` reads them.

    Args:
        port: where Trino is to listen.
        url: of the sandbox.
        region: whose Glue catalog is read.
    """
    cloud = {
        "hive.metastore.glue.region": region,
        "hive.metastore.glue.endpoint-url": url,
        "hive.metastore.glue.aws-access-key": "sandbox",
        "hive.metastore.glue.aws-secret-key": "sandbox",
        "hive.s3.endpoint": url,
        "hive.s3.aws-access-key": "sandbox",
        "hive.s3.aws-secret-key": "sandbox",
        "hive.s3.path-style-access": "true",
        "hive.s3.ssl.enabled": "false",
    }
    files = {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.metastore.glue.partitions-segments": "1",  # moto knows no others
        "hive.iceberg-catalog-name": _ICEBERG,
        "hive.partition-projection-enabled": "true",
        "hive.ignore-absent-partitions": "true",  # as Athena has it
        "hive.non-managed-table-writes-enabled": "true",
        # Athena goes by what the table says (`orc.column.index.access`), Trino by this.
        "hive.orc.use-column-names": "true",
    }
    iceberg = {"connector.name": "iceberg", "iceberg.catalog.type": "glue"}
    server = {
        "http-server.http.port": str(port),
        "query.max-memory": "512MB",
        "query.max-memory-per-node": "512MB",
        "memory.heap-headroom-per-node": "128MB",
    }
    (folder / "catalog").mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    _properties(folder / "server.properties", server)
    _properties(folder / "catalog" / f"{CATALOG}.properties", {**cloud, **files})
    _properties(folder / "catalog" / f"{_ICEBERG}.properties", {**cloud, **iceberg})


def address(port: int) -> str:
    """Where it listens: on this machine only."""
    return f"http://{HOST}:{port}"


def _properties(path: Path, told: dict[str, str]) -> None:
    path.write_text("".join(f"{k}={v}\n" for k, v in told.items()), encoding="ascii")
