"""The shape of connectors that are known by name and cannot run yet."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from penstock.spec.base import Model, Text
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads them
from penstock.spec.refusal import refuse

Port = Annotated[int, Field(ge=1, le=65535)]
FileFormat = Literal[
    "csv", "ndjson", "json", "parquet", "orc", "excel", "xml", "fixed_width", "avro"
]


def _one_of(model: Model, *keys: str) -> None:
    given = [k for k in keys if getattr(model, k) is not None]
    if len(given) != 1:
        words = " and ".join(f"`{g}`" for g in given) or "none"
        raise refuse(f"it takes exactly one of {', '.join(keys)}, and here is {words}")


def _s3(text: str) -> str:
    if re.match(r"s3://.|\$\{", text):
        return text
    raise refuse(f"`{text}` is not an s3:// address", hint="such as `s3://bucket/folder/*.csv`")


S3Path = Annotated[str, AfterValidator(_s3), Field(json_schema_extra={"examples": ["s3://b/f"]})]


class Files(Model):
    """What every source of files takes."""

    format: FileFormat | None = None
    """Without it, from the suffix."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Of the format, such as `null_values`."""


class _Server(Model):
    """A server that is logged in to."""

    host: Text
    user: Text | None = None
    password: Text | None = None
    """A `${secret.NAME}`."""


class _Database(Model):
    """A database server, by a URL or by its parts."""

    url: Text | None = None
    """Connection URL; the password is a `${secret.NAME}`."""
    host: Text | None = None
    port: Port | None = None
    database: Text | None = None
    user: Text | None = None
    password: Text | None = None
    """A `${secret.NAME}`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Of the driver."""

    @model_validator(mode="after")
    def _addressed(self) -> _Database:
        _one_of(self, "url", "host")
        return self


class DatabaseSource(_Database):
    """A table, or the rows of a query."""

    table: Text | None = None
    query: Text | None = None
    """A SELECT in the server's own dialect."""
    fetch_size: Annotated[int, Field(ge=1)] = 50_000

    @model_validator(mode="after")
    def _what(self) -> DatabaseSource:
        _one_of(self, "table", "query")
        return self


class _Http(Model):
    url: Text
    headers: dict[str, str] = Field(default_factory=dict)
    auth: dict[str, Any] | None = None
    """How to log in: `{bearer: …}`, `{basic: …}`, `{oauth2: …}`."""
    records: Text | None = None
    """JSON path of the list of records in a response."""
    paginate: dict[str, Any] | None = None
    """How to get the next page."""
    timeout: Duration | None = None


class GraphqlSource(_Http):
    """Records of a GraphQL API."""

    query: Text
    variables: dict[str, Any] = Field(default_factory=dict)


class FtpSource(_Server, Files):
    """Files of an FTP server."""

    path: Text
    """A glob."""
    port: Port = 21
    tls: bool = False


class SftpSource(_Server, Files):
    """Files of an SFTP server."""

    path: Text
    """A glob."""
    port: Port = 22
    private_key: Text | None = None
    """A `${secret.NAME}`."""
    host_key: Text | None = None
    """The server's public key; a server with another is refused."""


class KafkaSource(Model):
    """Records of a topic."""

    brokers: Annotated[list[Text], Field(min_length=1)] | Text
    topic: Text
    format: Literal["json", "avro", "csv", "protobuf"] = "json"
    group: Text | None = None
    start: Literal["earliest", "latest"] = "earliest"
    security: dict[str, Any] = Field(default_factory=dict)
    watermark: Duration | None = None
    """How late a record may come."""
    event_time: Text | None = None
    """The column that says when it happened."""


class KinesisSource(Model):
    """Records of a stream."""

    stream: Text
    region: Text | None = None
    format: Literal["json", "avro", "csv"] = "json"
    start: Literal["earliest", "latest"] = "earliest"
    watermark: Duration | None = None
    """How late a record may come."""
    event_time: Text | None = None
    """The column that says when it happened."""


class _Table(Model):
    """A table that is written."""

    table: Text
    schema_name: Text | None = None
    """The schema the table is in."""


class SnowflakeTarget(_Table):
    """A table of Snowflake."""

    account: Text
    database: Text
    warehouse: Text
    user: Text | None = None
    password: Text | None = None
    """A `${secret.NAME}`."""
    private_key: Text | None = None
    """A `${secret.NAME}`."""
    role: Text | None = None
    stage: Text | None = None


class DatabaseTarget(_Database):
    """A table of a database server."""

    table: Text
    batch_size: Annotated[int, Field(ge=1)] = 10_000


class DynamodbTarget(Model):
    """Items of a table of Amazon DynamoDB."""

    table: Text
    region: Text | None = None
    partition_key: Text
    sort_key: Text | None = None
    ttl: Text | None = None
    """The column that says when an item expires."""


class OpensearchTarget(Model):
    """Documents of an index."""

    endpoint: Text
    index: Text
    id: Text | None = None
    """The column that identifies a document."""
    user: Text | None = None
    password: Text | None = None
    """A `${secret.NAME}`."""
