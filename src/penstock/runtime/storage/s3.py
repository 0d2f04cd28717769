"""A bucket, or a folder in one, as a store: through `obstore`."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from penstock.errors import PenstockError, SourceUnavailable, StorageUnavailable
from penstock.runtime.storage.base import Entry
from penstock.runtime.storage.s3_client import connect, settings
from penstock.runtime.storage.s3_errors import CODE_DENIED, CutOff, is_passing, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")
CODE_CHANGED = "PSK-SRC-037"
CHUNK = 8 << 20
"""Bytes of an upload's parts and of what is read at once; at most two of them are in memory."""
ATTEMPTS = 4
"""How often a whole transfer is begun: obstore itself repeats single requests."""
MARK = "penstock-put"
"""The metadata that tells whose write it was, when the answer to it got lost."""


class S3Store:
    """Objects below one prefix."""

    is_local = False

    def __init__(self, bucket: str, prefix: str = "", *, region: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._settings = settings(region=region)
        self._client, self._obstore = connect(bucket, self._settings)

    def url(self, path: str = "") -> str:
        """`s3://bucket/prefix/path`."""
        return f"s3://{self._bucket}/{self._key(path)}".rstrip("/")

    # -- reading

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object below a folder, in the order of their paths."""
        key = self._key(prefix)
        found = self._again(
            prefix,
            lambda: [
                self._entry(meta)
                for batch in self._obstore.list(self._client, key or None)
                for meta in batch
            ],
        )
        yield from sorted(found, key=lambda entry: entry.path)

    def head(self, path: str) -> Entry | None:
        """An object without its content; None: it is not there."""
        try:
            found = self._again(
                path, lambda: self._obstore.head(self._client, self._key(path)), absent=True
            )
        except FileNotFoundError:
            return None
        except PenstockError as error:
            if error.code == CODE_DENIED and self._absent(path):
                return None
            raise
        return self._entry(found)

    def _absent(self, path: str) -> bool:
        """Whether a listing shows that there is no such object.

        Whoever may list under some prefix only is not told that an object is missing: S3 denies
        access to it, as to one that is there and may not be read
        (docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, "Permissions").
        """
        key = self._key(path)
        folder = key.rpartition("/")[0]
        try:
            for batch in self._obstore.list(self._client, folder or None, offset=key[:-1]):
                for meta in batch:  # in order, from just before the key
                    if meta["path"] >= key:
                        return bool(meta["path"] != key)
        except (OSError, self._obstore.exceptions.BaseError):
            return False
        return True

    def read(self, path: str) -> bytes:
        """The content of an object."""
        return bytes(
            self._again(path, lambda: self._obstore.get(self._client, self._key(path)).bytes())
        )

    def part(self, path: str, start: int, end: int, *, identity: str) -> bytes:
        """Bytes of an object, from `start` to before `end` or to its end."""
        return self._again(path, lambda: self._part(path, start, end, identity))

    def _part(self, path: str, start: int, end: int, identity: str) -> bytes:
        got = self._obstore.get(self._client, self._key(path), options={"range": (start, end)})
        if self._entry(got.meta).identity != identity:
            raise self._changed(path)
        found, wanted = bytes(got.bytes()), min(end, got.meta["size"]) - start
        if len(found) != wanted:
            raise CutOff(f"{len(found)} of {wanted} bytes came")
        return found

    def download(self, path: str, to: Path, *, identity: str | None = None) -> Entry:
        """Copy an object to this machine: its size, and that it is still the same, are verified."""
        return self._again(path, lambda: self._download(path, to, identity))

    def _download(self, path: str, to: Path, identity: str | None) -> Entry:
        got = self._obstore.get(self._client, self._key(path))
        entry = self._entry(got.meta)
        if identity is not None and entry.identity != identity:
            raise self._changed(path)
        temporary = to.with_name(f".{uuid.uuid4().hex}.part")
        try:
            written = 0
            with temporary.open("wb") as file:
                for chunk in got.stream(min_chunk_size=CHUNK):
                    written += file.write(chunk)
            if written != entry.size:
                # Too few bytes are no error to every server and proxy.
                raise CutOff(f"{written} of {entry.size} bytes came")
            temporary.replace(to)
        except OSError as error:
            if error.errno is None:  # the bucket's, not this machine's
                raise
            reason = (error.strerror or str(error)).lower()
            raise StorageUnavailable(f"`{to}` cannot be written: {reason}") from error
        finally:
            temporary.unlink(missing_ok=True)
        return entry

    def _changed(self, path: str) -> PenstockError:
        return SourceUnavailable(
            f"`{self.url(path)}` was changed while it was read",
            code=CODE_CHANGED,
            hint="run again when its writer has finished",
        )

    # -- writing

    def upload(self, source: Path, path: str) -> None:
        """Copy a file here; it is there when all of its parts have come."""
        self._again(
            path,
            lambda: self._obstore.put(
                self._client, self._key(path), source, chunk_size=CHUNK, max_concurrency=2
            ),
            writing=True,
        )

    def put(self, path: str, data: bytes) -> None:
        """Write an object; what was there is replaced."""
        self._again(
            path, lambda: self._obstore.put(self._client, self._key(path), data), writing=True
        )

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one: `If-None-Match: *`."""
        return self._conditional(path, data, "create")

    def replace_if(self, path: str, data: bytes, identity: str) -> bool:
        """Write an object if it still has that etag: `If-Match`."""
        return self._conditional(path, data, {"e_tag": identity})

    def _conditional(self, path: str, data: bytes, mode: Any) -> bool:
        """Write on a condition, and know whether it was this write that came through.

        A request may have been done though its answer got lost; when it is sent again, its own
        first copy is in its way. The mark it left says so.
        """
        mark = uuid.uuid4().hex
        exceptions = self._obstore.exceptions

        def write() -> bool:
            try:
                self._obstore.put(
                    self._client,
                    self._key(path),
                    data,
                    mode=mode,
                    attributes={MARK: mark},
                    use_multipart=False,
                )
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                return self._mark(path) == mark
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return False  # nothing is there to replace
            return True

        return self._again(path, write, writing=True)

    def _mark(self, path: str) -> str | None:
        try:
            attributes: Mapping[str, str] = self._obstore.get(
                self._client, self._key(path), options={"head": True}
            ).attributes
        except FileNotFoundError:
            return None
        return attributes.get(MARK)

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        if keys := [self._key(path) for path in paths]:
            self._again("", lambda: self._obstore.delete(self._client, keys), writing=True)

    # -- names and errors

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}".strip("/")

    def _entry(self, meta: Mapping[str, Any]) -> Entry:
        path = meta["path"]
        if self._prefix:
            path = path.removeprefix(f"{self._prefix}/")
        return Entry(path, meta["size"], meta["e_tag"], meta["last_modified"])

    def _again(
        self, path: str, act: Callable[[], T], *, writing: bool = False, absent: bool = False
    ) -> T:
        """Do it, again if what went wrong may pass: a body cut off, an answer that got lost."""
        attempt = 1
        while True:
            try:
                return act()
            except PenstockError:
                raise
            except Exception as error:
                if absent and isinstance(error, FileNotFoundError):
                    raise
                if attempt == ATTEMPTS or not is_passing(error):
                    told = translated(error, self.url(path), self._settings, writing=writing)
                    raise told from error
            time.sleep(0.1 * 2**attempt)
            attempt += 1
