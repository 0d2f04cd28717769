"""A bucket that answers late, wrongly or not at all: what is tried again, and what is told."""

from __future__ import annotations

import http.server
import sys
import threading
import uuid
from contextlib import contextmanager

import pytest

from penstock.errors import MissingExtra, SourceUnavailable, StorageUnavailable, Unavailable
from penstock.runtime.storage import s3, s3_client, s3_errors
from penstock.runtime.storage.s3 import S3Store
from penstock.runtime.storage.s3_client import Settings, settings
from penstock.runtime.storage.s3_errors import CutOff, is_passing, translated

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
HERE = Settings("http://here", "eu-west-1", {}, 1)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Nothing is waited for; gives how long it would have been."""
    seconds = []
    monkeypatch.setattr(s3.time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def store(aws):
    return S3Store("acme-lake", f"{uuid.uuid4().hex}/lake")


class Flaky:
    """obstore, of which some calls go wrong first."""

    def __init__(self, real, name, *errors):
        self._real = real
        self._name = name
        self._errors = list(errors)
        self.calls = 0

    def __getattr__(self, name):
        if name != self._name:
            return getattr(self._real, name)

        def call(*args, **options):
            self.calls += 1
            error = self._errors.pop(0) if self._errors else None
            if error is None:
                return getattr(self._real, name)(*args, **options)
            if isinstance(error, AfterAll):
                getattr(self._real, name)(*args, **options)
                raise error.told
            raise error

        return call


class AfterAll:
    """The request is done, and its answer gets lost."""

    def __init__(self, told):
        self.told = told


def broken(store, name, *errors):
    store._obstore = Flaky(store._obstore, name, *errors)
    return store._obstore


PASSING = OSError("HTTP error: request or response body error")
LOST = AfterAll(PASSING)


# -- what is tried again


def test_a_write_is_tried_again(store, waits):
    calls = broken(store, "put", PASSING, PASSING)
    store.put("a", b"1")
    assert calls.calls == 3
    assert store.read("a") == b"1"
    assert waits == [0.2, 0.4]


def test_after_some_tries_it_is_told(store):
    calls = broken(store, "put", *[PASSING] * 9)
    with pytest.raises(StorageUnavailable, match="broke off the request") as told:
        store.put("a", b"1")
    assert told.value.code == "PSK-ENV-013"
    assert told.value.__cause__ is PASSING
    assert calls.calls == s3.ATTEMPTS


DENIED = PermissionError("403 AccessDenied")


def test_what_is_missing_is_missing_also_where_only_some_prefix_may_be_listed(store):
    """There S3 denies what it does not have."""
    for name in ("a/w", "a/y", "b"):
        store.put(name, b"1")
    for name in ("a/x", "a/z", "c/x", "a"):
        broken(store, "head", DENIED)
        assert store.head(name) is None


def test_what_is_there_and_may_not_be_read_is_told(store):
    store.put("a/x", b"1")
    broken(store, "head", DENIED)
    with pytest.raises(SourceUnavailable, match="access is denied"):
        store.head("a/x")
    broken(store, "list", DENIED)  # nothing may be listed either
    broken(store, "head", DENIED)
    with pytest.raises(SourceUnavailable, match="access is denied"):
        store.head("a/y")


def test_what_does_not_pass_is_not_tried_again(store, waits):
    calls = broken(store, "put", *[PermissionError("no")] * 9)
    with pytest.raises(StorageUnavailable, match="access is denied"):
        store.put("a", b"1")
    assert calls.calls == 1
    assert waits == []


@pytest.mark.parametrize("lost", [1, 2])
def test_a_conditional_write_whose_answer_got_lost_was_ours(store, lost):
    broken(store, "put", *[LOST] * lost)
    assert store.put_if_absent("log/1", b"mine") is True
    assert store.put_if_absent("log/1", b"mine") is False, "another write of the same bytes"
    seen = store.head("log/1").identity
    broken(store, "put", *[LOST] * lost)
    assert store.replace_if("log/1", b"next", seen) is True
    assert store.read("log/1") == b"next"


def test_a_conditional_write_refused_for_one_deleted_meanwhile_is_not_ours(store):
    store.put("log/1", b"theirs")
    exceptions = store._obstore.exceptions
    broken(store, "put", exceptions.AlreadyExistsError("there"))
    store.delete(["log/1"])
    assert store.put_if_absent("log/1", b"mine") is False


def test_nothing_to_delete_asks_nothing(store):
    calls = broken(store, "delete", PASSING)
    store.delete([])
    assert calls.calls == 0


# -- downloads


class Body:
    """An answer to `get` that ends too soon."""

    def __init__(self, meta, *chunks):
        self.meta = meta
        self.chunks = chunks

    def stream(self, **options):
        return iter(self.chunks)

    def bytes(self):
        return b"".join(self.chunks)


class ShortAnswers:
    def __init__(self, real, count):
        self._real = real
        self.left = count

    def __getattr__(self, name):
        return getattr(self._real, name)

    def get(self, *args, **options):
        found = self._real.get(*args, **options)
        self.left -= 1
        return found if self.left < 0 else Body(found.meta, b"12")


def test_a_body_cut_off_is_fetched_again(store, tmp_path):
    store.put("x", b"12345")
    store._obstore = ShortAnswers(store._obstore, 2)
    assert store.download("x", tmp_path / "down").size == 5
    assert (tmp_path / "down").read_bytes() == b"12345"


def test_a_part_cut_off_is_fetched_again(store):
    store.put("x", b"12345")
    identity = store.head("x").identity
    store._obstore = ShortAnswers(store._obstore, 2)
    assert store.part("x", 1, 4, identity=identity) == b"234"
    store._obstore = ShortAnswers(store._obstore, 99)
    with pytest.raises(SourceUnavailable, match=r"cut the answer off \(2 of 3 bytes came\)"):
        store.part("x", 1, 4, identity=identity)


def test_a_body_always_cut_off_is_told_and_leaves_no_file(store, tmp_path):
    store.put("x", b"12345")
    store._obstore = ShortAnswers(store._obstore, 99)
    with pytest.raises(SourceUnavailable, match=r"cut the answer off \(2 of 5 bytes came\)"):
        store.download("x", tmp_path / "down")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_this_machine_that_cannot_be_written_is_told_as_such(store, tmp_path):
    store.put("x", b"12345")
    (tmp_path / "down").mkdir()
    with pytest.raises(StorageUnavailable, match="down` cannot be written: is a directory"):
        store.download("x", tmp_path / "down")
    assert [p.name for p in tmp_path.iterdir()] == ["down"]


def test_a_download_of_what_was_changed_is_not_tried_again(store, tmp_path):
    store.put("x", b"one")
    calls = broken(store, "get")
    with pytest.raises(SourceUnavailable, match="changed while it was read") as told:
        store.download("x", tmp_path / "down", identity="other")
    assert told.value.hint
    assert calls.calls == 1


# -- a bucket without a prefix


def test_the_bucket_itself(aws):
    store = S3Store("acme-lake")
    name = f"{uuid.uuid4().hex}.txt"
    store.put(name, b"1")
    assert name in [e.path for e in store.list()]
    assert store.head(name).path == name
    assert store.url() == "s3://acme-lake"
    assert store.url(name) == f"s3://acme-lake/{name}"
    assert not store.is_local
    store.delete([name])


# -- a server that answers with errors


@contextmanager
def serving(status, body=b"", *, headers=()):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def error_body(code):
    return f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "diagnostic", "words"),
    [
        (503, "SlowDown", "PSK-ENV-013", r"answered 503 Service Unavailable.*\(2 tries\)"),
        (500, "InternalError", "PSK-ENV-013", r"answered 500 Internal Server Error"),
        (403, "AccessDenied", "PSK-ENV-012", "access is denied"),
        (403, "InvalidAccessKeyId", "PSK-ENV-012", "does not know the access key"),
        (403, "SignatureDoesNotMatch", "PSK-ENV-012", "secret key does not fit"),
        (400, "ExpiredToken", "PSK-ENV-012", "session token has expired"),
        (404, "NoSuchBucket", "PSK-ENV-010", "there is no bucket `acme`"),
        (404, "NoSuchKey", "PSK-SRC-001", "there is no `s3://acme/lake/x`"),
    ],
)
def test_what_a_server_answers_is_told(aws, monkeypatch, status, code, diagnostic, words):
    with serving(status, error_body(code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(SourceUnavailable, match=words) as told:
            S3Store("acme", "lake").read("x")
    assert told.value.code == diagnostic
    assert told.value.exit_code == 4


def test_a_server_that_fails_every_write(aws, monkeypatch):
    with serving(503, error_body("SlowDown")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(StorageUnavailable, match="cannot be written: http://127") as told:
            S3Store("acme", "lake").put_if_absent("x", b"1")
    assert told.value.code == "PSK-ENV-013"


# -- errors in words


def say(text, kind=OSError, *, writing=False):
    return translated(kind(text), "s3://acme/x", HERE, writing=writing)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status code: 503: <Code>SlowDown</Code> after 4 retries", "here answered 503, SlowDown (5 tries)"),
        ("status code: 418 I'm a teapot", "here answered 418 I'm a teapot"),
        ("x\nDebug source:\nkind: Connect", "nothing answers at http://here"),
        ("x after 2 retries\nDebug source:\nkind: Timeout", "did not answer in time (3 tries)"),
        ("x\nDebug source:\nkind: Decode", "cut the answer off"),
        ("x\nDebug source:\nkind: Interrupted", "cut the connection"),
        ("2 of 5 bytes came", "cut the answer off (2 of 5 bytes came)"),
        ("error decoding response body after 1 retries", "cut the answer off (2 tries)"),
        ("x\nDebug source:\nincomplete message", "http://here cut the answer off"),
        ("HTTP error: sending", "http://here broke off the request"),
        ("some\n  other   thing", "cannot be read: some other thing"),
        ("", "it gives no reason"),
    ],
)  # fmt: skip
def test_reasons(text, words):
    told = say(text)
    assert words in told.message
    assert told.code == "PSK-ENV-013"
    assert isinstance(told, SourceUnavailable)
    assert told.hint


def test_a_reason_is_never_a_page():
    assert len(say("long " * 1000).message) < 400


def test_where_is_aws_itself():
    plain = Settings(None, "eu-west-1", {}, 1)
    told = translated(OSError("HTTP error"), "s3://acme/x", plain, writing=True)
    assert "`s3://acme/x` cannot be written: S3 in eu-west-1 broke off" in told.message


def test_refusals():
    class UnauthenticatedError(Exception):
        pass

    assert say("", UnauthenticatedError).message.endswith("cannot be read: access is denied")
    assert say("", UnauthenticatedError).code == "PSK-ENV-012"
    assert say("", PermissionError).code == "PSK-ENV-012"
    assert say("", FileNotFoundError).code == "PSK-SRC-001"
    assert isinstance(say("NoSuchBucket", writing=True), StorageUnavailable)
    for host in s3_errors.METADATA_HOSTS:
        assert say(f"http://{host}/latest").code == "PSK-ENV-011"


def test_what_may_pass():
    assert is_passing(CutOff("1 of 2 bytes came"))
    assert is_passing(OSError("HTTP error: x"))
    assert is_passing(OSError("error decoding response body"))
    assert is_passing(OSError("Conflict: try again"))
    assert not is_passing(OSError("HTTP error: x after 3 retries")), "obstore tried it itself"
    assert not is_passing(OSError("x\nDebug source: HTTP error"))
    assert not is_passing(FileNotFoundError("x"))


# -- where S3 is and who asks


@pytest.mark.parametrize(
    ("more", "endpoint", "region", "attempts"),
    [
        ({}, None, "us-east-1", 5),
        ({"AWS_ENDPOINT_URL": "http://a"}, "http://a", "us-east-1", 5),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b"}, "http://b", "us-east-1", 5),
        ({"AWS_DEFAULT_REGION": "r1"}, None, "r1", 5),
        ({"AWS_DEFAULT_REGION": "r1", "AWS_REGION": "r2"}, None, "r2", 5),
        ({"AWS_MAX_ATTEMPTS": "3"}, None, "us-east-1", 3),
        ({"AWS_MAX_ATTEMPTS": "0"}, None, "us-east-1", 1),
        ({"AWS_MAX_ATTEMPTS": "many"}, None, "us-east-1", 5),
    ],
)  # fmt: skip
def test_settings(tmp_path, more, endpoint, region, attempts):
    found = settings({"HOME": str(tmp_path), **KEYS, **more})
    assert (found.endpoint, found.region, found.attempts) == (endpoint, region, attempts)
    assert found.keys == {"access_key_id": "key", "secret_access_key": "secret"}


def test_a_region_that_is_given_comes_first(tmp_path):
    found = settings({"HOME": str(tmp_path), "AWS_REGION": "r2", **KEYS}, region="mine")
    assert found.region == "mine"


def test_secrets_are_not_shown(tmp_path):
    found = settings({"HOME": str(tmp_path), **KEYS})
    assert repr(found) == "Settings(endpoint=None, region='us-east-1')"


def test_credentials(tmp_path):
    home = {"HOME": str(tmp_path)}
    assert settings({**home, "AWS_SKIP_SIGNATURE": "True", **KEYS}).keys == {"skip_signature": True}
    assert settings({**home, **KEYS, "AWS_SESSION_TOKEN": "t"}).keys["session_token"] == "t"
    assert settings(home).keys == {}, "an instance's role may be there"
    off = {"AWS_EC2_METADATA_DISABLED": "true"}
    for role in s3_client.ROLES:
        assert settings({**home, **off, role: "x"}).keys == {}
    for half in KEYS:
        with pytest.raises(Unavailable) as told:
            settings({**home, **off, half: "only"})
        assert told.value.code == "PSK-ENV-011"


def test_profiles(tmp_path):
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "[default]\nregion = r0\n[profile acme]\nregion = r1\nendpoint_url = http://e\n"
    )
    (folder / "credentials").write_text(
        "[acme]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = t\n"
    )
    home = {"HOME": str(tmp_path)}
    found = settings({**home, "AWS_PROFILE": "acme"})
    assert (found.endpoint, found.region) == ("http://e", "r1")
    assert found.keys == {"access_key_id": "k", "secret_access_key": "s", "session_token": "t"}
    assert settings(home).region == "r0"
    assert settings({**home, "AWS_PROFILE": "none"}).region == "us-east-1"
    moved = {"AWS_CONFIG_FILE": str(folder / "config"), "HOME": "/nowhere"}
    assert settings(moved).region == "r0"


@pytest.mark.parametrize("data", [b"no section\n", b"\xff\xfe", b"[default\n"])
def test_a_damaged_profile_file_is_passed_over(tmp_path, data):
    file = tmp_path / "config"
    file.write_bytes(data)
    found = settings({"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(file), **KEYS})
    assert found.region == "us-east-1"


def test_without_obstore_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingExtra) as told:
        s3_client.connect("acme", HERE)
    assert "penstock[s3]" in (told.value.hint or "")


def test_without_an_endpoint_it_is_aws(tmp_path):
    client, _ = s3_client.connect("acme", settings({"HOME": str(tmp_path), **KEYS}))
    assert "endpoint" not in client.config
    assert client.config["region"] == "us-east-1"


def test_nothing_to_replace_is_no_error(store):
    """Some servers say so by 412, S3 itself by 404."""
    broken(store, "put", FileNotFoundError("404: NoSuchKey"))
    assert store.replace_if("nothing", b"1", "an-etag") is False
    assert store.head("nothing") is None


def test_a_file_that_changed_is_told_as_such_at_the_last_try_too(store, tmp_path):
    store.put("x", b"one")
    calls = broken(store, "get", *[PASSING] * (s3.ATTEMPTS - 1))
    with pytest.raises(SourceUnavailable, match="changed while it was read") as told:
        store.download("x", tmp_path / "down", identity="other")
    assert told.value.code == "PSK-SRC-037"
    assert calls.calls == s3.ATTEMPTS
