"""What queries read and write: moto's S3, Glue catalog and workgroups, asked as clients do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.sandbox.athena.refusal import QueryError

if TYPE_CHECKING:
    from pathlib import Path


class Cloud:
    """The sandbox's own services, of one region."""

    def __init__(self, url: str, region: str) -> None:
        self.url = url
        self.region = region

    def client(self, service: str) -> Any:
        """A boto3 client of the sandbox."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106  # moto checks none
        )

    def objects(self, url: str) -> dict[str, int]:
        """URL → bytes of every object below a folder."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.rstrip("/") + "/"
        pages = self.client("s3").get_paginator("list_objects_v2")
        return {
            f"s3://{bucket}/{o['Key']}": o["Size"]
            for page in pages.paginate(Bucket=bucket, Prefix=prefix)
            for o in page.get("Contents", ())
        }

    def fetch(self, url: str, to: Path) -> int:
        """Copy an object to this machine; gives its bytes.

        Raises:
            QueryError: it is not there.
        """
        content = self.read(url)
        to.write_bytes(content)
        return len(content)

    def read(self, url: str) -> bytes:
        """The content of an object.

        Raises:
            QueryError: it is not there.
        """
        from botocore.exceptions import ClientError

        bucket, _, key = url.removeprefix("s3://").partition("/")
        try:
            return bytes(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise QueryError(f"HIVE_CANNOT_OPEN_SPLIT: {url} does not exist") from error

    def write(self, url: str, content: bytes) -> None:
        """Write an object."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
