# What the pipeline's own definition lets its functions do, and no more.

data "aws_partition" "this" {}

locals {
  s3 = "arn:${data.aws_partition.this.partition}:s3:::"
  # Bucket => prefixes: a listing below one of them shows its keys.
  listed = { for place in distinct(concat(var.reads, var.writes)) : place.bucket => place.prefix... }

  # The Data API signs in for whoever calls it, in one of three ways, if not with a secret:
  # https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_ExecuteStatement.html
  logins   = [for each in var.warehouses : merge(each, { prefix = replace(each.arn, "/:cluster:.*/", "") }) if !each.secret]
  named    = [for each in local.logins : each if each.cluster != null && each.user != null]
  identity = [for each in local.logins : each if each.cluster != null && each.user == null]
  groups   = [for each in local.logins : each.arn if each.cluster == null]
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = local.listed

    content {
      actions   = ["s3:ListBucket"]
      resources = ["${local.s3}${statement.key}"]

      condition {
        # IfExists: a request for one object has no prefix, and S3 tells as missing what is not there
        # only to who may list; to others it denies it, and Delta's log cannot be begun.
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = [for prefix in statement.value : "${prefix}*"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.reads) > 0 ? [1] : []

    content {
      sid       = "Read"
      actions   = ["s3:GetObject"]
      resources = [for place in var.reads : "${local.s3}${place.bucket}/${place.prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.writes) > 0 ? [1] : []

    content {
      sid       = "Write"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = [for place in var.writes : "${local.s3}${place.bucket}/${place.prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.secret_arns) > 0 ? [1] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = var.secret_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.database_users) > 0 ? [1] : []

    content {
      sid       = "DatabaseTokens"
      actions   = ["rds-db:connect"]
      resources = var.database_users
    }
  }

  dynamic "statement" {
    for_each = length(var.warehouses) > 0 ? [1] : []

    content {
      sid       = "Load"
      actions   = ["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"]
      resources = distinct(var.warehouses[*].arn)
    }
  }

  # These know no resources, but whose statement it is:
  # https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html
  dynamic "statement" {
    for_each = length(var.warehouses) > 0 ? [1] : []

    content {
      sid       = "OwnStatements"
      actions   = ["redshift-data:CancelStatement", "redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:ListStatements"]
      resources = ["*"]

      condition {
        test     = "StringEquals"
        variable = "redshift-data:statement-owner-iam-userid"
        values   = ["$${aws:userid}"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.groups) > 0 ? [1] : []

    content {
      sid       = "SignInToWorkgroups"
      actions   = ["redshift-serverless:GetCredentials"]
      resources = distinct(local.groups)
    }
  }

  dynamic "statement" {
    for_each = length(local.identity) > 0 ? [1] : []

    content {
      sid       = "SignInToClusters"
      actions   = ["redshift:GetClusterCredentialsWithIAM"]
      resources = distinct([for each in local.identity : "${each.prefix}:dbname:${each.cluster}/${each.database}"])
    }
  }

  dynamic "statement" {
    for_each = length(local.named) > 0 ? [1] : []

    content {
      sid     = "SignInToClustersAs"
      actions = ["redshift:GetClusterCredentials"]
      resources = distinct(flatten([for each in local.named : [
        "${each.prefix}:dbname:${each.cluster}/${each.database}",
        "${each.prefix}:dbuser:${each.cluster}/${each.user}",
      ]]))
    }
  }

  # What may be done to a table is asked of the catalog and the database too:
  # https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
  dynamic "statement" {
    for_each = length(var.tables) > 0 ? [1] : []

    content {
      sid = "Tables"
      actions = [
        "glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:BatchUpdatePartition", "glue:CreateTable",
        "glue:DeleteTable", "glue:GetDatabase", "glue:GetTable", "glue:UpdateTable",
      ]
      resources = distinct(flatten([for each in var.tables : [
        "${each.catalog}:catalog",
        "${each.catalog}:database/${each.database}",
        "${each.catalog}:table/${each.database}/${each.table}",
      ]]))
    }
  }

  dynamic "statement" {
    for_each = length(var.key_arns) > 0 ? [1] : []

    content {
      sid       = "Keys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = var.key_arns
    }
  }
}
