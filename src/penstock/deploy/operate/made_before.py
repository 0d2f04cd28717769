"""What on AWS is there before a deployment, made in the sandbox: buckets, databases, secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from penstock.errors import DeployError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def make(inputs: Mapping[str, Any], region: str, told: Callable[[str], None]) -> dict[str, Any]:
    """Make what on AWS is there before.

    Args:
        inputs: of the build's Terraform.
        told: is told what was made.

    Returns:
        What more Terraform has to be given: where the secrets are.

    Raises:
        UsageError: a secret has no value.
        DeployError: the sandbox does not take what AWS would have.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    s3: Any = boto3.client("s3", region_name=region)
    places = [*inputs.get("reads", ()), *inputs.get("writes", ())]
    listens = {place["bucket"] for place in inputs.get("trigger", {}).get("files", ())}
    where = {} if region == "us-east-1" else {"LocationConstraint": region}
    try:
        there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for bucket in sorted({place["bucket"] for place in places} - there):
            given = {"CreateBucketConfiguration": where} if where else {}
            s3.create_bucket(Bucket=bucket, **given)
            told(f"made the bucket {bucket}: on AWS it has to be there")
        for bucket in sorted(listens):
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )
        _workgroups(inputs.get("warehouses", ()), region, told)
        _databases(inputs.get("tables", ()), region, told)
        secrets = _secrets(inputs.get("secret_names", ()), region)
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"the sandbox does not take it: {error}") from error
    # Terraform asks for these, and the sandbox checks no permissions: any do.
    logins = list(secrets.values()) if _signed_in(inputs) else []
    return {
        **({"secrets": secrets} if secrets else {}),
        **({"warehouse_secrets": logins} if logins else {}),
    }


def _signed_in(inputs: Mapping[str, Any]) -> bool:
    return any(each.get("secret") for each in inputs.get("warehouses", ()))


def _workgroups(warehouses: Any, region: str, told: Callable[[str], None]) -> None:
    import boto3

    names = {each["workgroup"]: each["database"] for each in warehouses if each.get("workgroup")}
    client: Any = boto3.client("redshift-serverless", region_name=region) if names else None
    for name, database in sorted(names.items()):
        try:
            client.get_workgroup(workgroupName=name)
            continue
        except client.exceptions.ResourceNotFoundException:
            client.create_namespace(namespaceName=name, dbName=database)
            client.create_workgroup(workgroupName=name, namespaceName=name)
        told(f"made the workgroup {name} of Redshift: on AWS it has to be there")


def _databases(tables: Any, region: str, told: Callable[[str], None]) -> None:
    import boto3

    for place, name in sorted({(t.get("region") or region, t["database"]) for t in tables}):
        client: Any = boto3.client("glue", region_name=place)
        try:
            client.create_database(DatabaseInput={"Name": name})
        except client.exceptions.AlreadyExistsException:
            continue
        told(f"made the database {name} of the Glue Data Catalog: on AWS it has to be there")


def _secrets(names: Any, region: str) -> dict[str, str]:
    from penstock.runtime.references import SECRET_PREFIX

    missing = [n for n in names if SECRET_PREFIX + n.upper() not in os.environ]
    if missing:
        raise UsageError(
            f"the secret `{missing[0]}` has no value",
            code="PSK-ENV-003",
            hint=f"set {SECRET_PREFIX}{missing[0].upper()}; the sandbox keeps it as "
            "AWS Secrets Manager would",
        )
    import boto3

    made: dict[str, str] = {}
    client: Any = boto3.client("secretsmanager", region_name=region) if names else None
    for name in names:
        value = os.environ[SECRET_PREFIX + name.upper()]
        try:
            told = client.create_secret(Name=f"penstock/{name}", SecretString=value)
        except client.exceptions.ResourceExistsException:
            told = client.put_secret_value(SecretId=f"penstock/{name}", SecretString=value)
        made[name] = told["ARN"]
    return made
