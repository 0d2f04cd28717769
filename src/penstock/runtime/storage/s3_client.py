"""Where S3 is and who asks: from the AWS variables and profile files every AWS program knows."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE_CREDENTIALS = "PSK-ENV-011"
CONNECT_SECONDS = 5
READ_SECONDS = 30
"""How long a server may keep silent in the middle of an answer."""
REQUEST_SECONDS = 3600
"""How long one transfer may take in all."""
RETRY_SECONDS = 60
DEFAULT_ATTEMPTS = 5
ROLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where S3 is and who asks. The secret is held in `keys` alone, and never shown.

    Attributes:
        endpoint: None: AWS itself.
        keys: what obstore calls the parts of a credential; empty: it looks where the machine's
            role is told (a container's or instance's address, a web identity's file).
        attempts: how often one request is tried.
    """

    endpoint: str | None
    region: str
    keys: Mapping[str, Any]
    attempts: int

    def __repr__(self) -> str:
        return f"Settings(endpoint={self.endpoint!r}, region={self.region!r})"


def settings(environment: Mapping[str, str] = os.environ, *, region: str | None = None) -> Settings:
    """Read the environment, then the profile files.

    `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_DEFAULT_REGION`,
    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_PROFILE`,
    `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE`, `AWS_MAX_ATTEMPTS`, and
    `AWS_SKIP_SIGNATURE=true` for public buckets.

    Raises:
        Unavailable: there is no credential, and nowhere to get one.
    """
    profile = _profile(environment)
    attempts = environment.get("AWS_MAX_ATTEMPTS", "")
    return Settings(
        endpoint=environment.get("AWS_ENDPOINT_URL_S3")
        or environment.get("AWS_ENDPOINT_URL")
        or profile.get("endpoint_url"),
        region=region
        or environment.get("AWS_REGION")
        or environment.get("AWS_DEFAULT_REGION")
        or profile.get("region")
        or "us-east-1",
        keys=_keys(environment, profile),
        attempts=max(1, int(attempts)) if attempts.isdigit() else DEFAULT_ATTEMPTS,
    )


def _keys(environment: Mapping[str, str], profile: Mapping[str, str]) -> dict[str, Any]:
    if environment.get("AWS_SKIP_SIGNATURE", "").lower() in {"1", "true"}:
        return {"skip_signature": True}
    for source, name in ((environment, str.upper), (profile, str.lower)):
        key = source.get(name("aws_access_key_id"))
        secret = source.get(name("aws_secret_access_key"))
        if key and secret:
            token = source.get(name("aws_session_token"))
            found = {"access_key_id": key, "secret_access_key": secret}
            return {**found, "session_token": token} if token else found
    if any(environment.get(name) for name in ROLES):
        return {}
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise no_credentials()
    return {}  # an instance's role, or none: the first request says


def no_credentials() -> Unavailable:
    """There is no credential for S3."""
    return Unavailable(
        "there are no AWS credentials to reach S3 with",
        code=CODE_CREDENTIALS,
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
        "for a public bucket AWS_SKIP_SIGNATURE=true",
    )


def _profile(environment: Mapping[str, str]) -> dict[str, str]:
    """The keys of the profile in use, of both of its files."""
    name = environment.get("AWS_PROFILE") or "default"
    home = Path(environment.get("HOME") or "~").expanduser() / ".aws"
    files = (
        (environment.get("AWS_CONFIG_FILE") or home / "config", f"profile {name}"),
        (environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials", name),
    )
    found: dict[str, str] = {}
    for file, section in files:
        parser = configparser.RawConfigParser(default_section="\0")
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue  # not ours to judge: what is missing is told by what needs it
        for wanted in (section, name):
            if parser.has_section(wanted):
                found.update(parser.items(wanted))
                break
    return found


def connect(bucket: str, chosen: Settings) -> tuple[Any, Any]:
    """A client of a bucket, and the `obstore` module. No request is made.

    Raises:
        MissingExtra: obstore is not installed.
    """
    try:
        import obstore
        import obstore.store
    except ImportError as error:
        raise MissingExtra("obstore", "s3", wanted_by="reading and writing s3:// paths") from error
    where: dict[str, Any] = {"endpoint": chosen.endpoint} if chosen.endpoint else {}
    client = obstore.store.S3Store(
        bucket,
        **where,
        **chosen.keys,
        region=chosen.region,
        client_options={
            "allow_http": (chosen.endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=READ_SECONDS),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
        },
        retry_config={
            "max_retries": chosen.attempts - 1,
            "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
    )
    return client, obstore
