"""What OpenLineage calls a source or a target: a namespace, and a name in it.

By its rules (https://openlineage.io/docs/spec/naming), so that what another tool writes and this
one reads is one dataset. Neither holds a user, a password or a query.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_GLOB = re.compile(r"[*?\[{]")


def dataset_name(
    connector: str, options: Mapping[str, Any], dataset: str, root: Path
) -> tuple[str, str]:
    """Namespace and name.

    >>> from pathlib import Path
    >>> dataset_name("file", {"path": "data/flights/*.csv.gz"}, "flights", Path("/p"))
    ('file', '/p/data/flights')
    >>> dataset_name("file", {"path": "data/orders-*.csv"}, "orders", Path("/p"))
    ('file', '/p/data/orders-*.csv')
    >>> dataset_name("lake", {"path": "s3://acme/curated/delays"}, "delays", Path("/p"))
    ('s3://acme', 'curated/delays')
    >>> url = "postgresql://me:${secret.DB}@db:5433/shop"
    >>> dataset_name("postgres", {"url": url, "table": "orders"}, "orders", Path("/p"))
    ('postgres://db:5433', 'shop.public.orders')
    >>> dataset_name("rest", {"url": "https://api.example.com/v1/orders?key=1"}, "o", Path("/p"))
    ('https://api.example.com', '/v1/orders')
    """
    if path := options.get("path"):
        return _at_path(str(path), root)
    if connector == "postgres":
        return _in_postgres(options, dataset)
    if url := options.get("url"):
        return _host(str(url)), urlsplit(str(url)).path or "/"
    return connector, str(options.get("table") or dataset)


def uri(namespace: str, name: str) -> str:
    """The dataset as one address.

    >>> uri("s3://acme", "curated/delays"), uri("file", "/p/data"), uri("sqs", "orders")
    ('s3://acme/curated/delays', 'file:///p/data', 'sqs:orders')
    """
    if namespace == "file":
        return f"file://{name}"
    joined = f"{namespace}/{name.lstrip('/')}" if "://" in namespace else f"{namespace}:{name}"
    return joined.replace(" ", "%20")


def _at_path(path: str, root: Path) -> tuple[str, str]:
    """A folder or a file; of a pattern, the folder in which it means every file, or itself."""
    scheme, colon, rest = path.rpartition("://")
    bucket, key = "", rest
    if colon and scheme != "file":
        bucket, _, key = rest.partition("/")
    parts = PurePosixPath(key).parts
    plain = next((i for i, part in enumerate(parts) if _GLOB.search(part)), len(parts))
    if plain < len(parts) and not _GLOB.match(parts[plain]):
        plain += 1  # `orders-*.csv`: there may be other datasets in the folder
    folder = PurePosixPath(*parts[:plain]).as_posix()
    if bucket:
        return f"{scheme}://{bucket}", "/" if folder == "." else folder
    return "file", (root.absolute() / folder).as_posix()


def _in_postgres(options: Mapping[str, Any], dataset: str) -> tuple[str, str]:
    found = urlsplit(str(options.get("url") or ""))
    words = dict(re.findall(r"(\w+)\s*=\s*'?([^'\s]+)", str(options.get("dsn") or "")))
    host = options.get("host") or found.hostname or words.get("host") or "localhost"
    port = options.get("port") or _port(found.netloc) or words.get("port") or 5432
    database = (
        options.get("database")
        or found.path.lstrip("/")
        or words.get("dbname")
        or options.get("user")
        or "postgres"
    )
    table = str(options.get("table") or dataset)
    return f"postgres://{host}:{port}", f"{database}.{table if '.' in table else 'public.' + table}"


def _host(url: str) -> str:
    found = urlsplit(url)
    port = _port(found.netloc)
    return f"{found.scheme}://{found.hostname or ''}{f':{port}' if port else ''}"


def _port(netloc: str) -> str | None:
    match = re.search(r":(\d+)$", netloc)
    return match[1] if match else None
