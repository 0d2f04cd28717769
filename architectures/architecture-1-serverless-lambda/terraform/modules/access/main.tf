# What the pipeline's own definition lets its functions do, and no more.

data "aws_partition" "this" {}

locals {
  s3 = "arn:${data.aws_partition.this.partition}:s3:::"
  # Bucket => prefixes, so that a listing shows nothing else either.
  listed = { for place in distinct(concat(var.reads, var.writes)) : place.bucket => place.prefix... }
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = local.listed

    content {
      actions   = ["s3:ListBucket"]
      resources = ["${local.s3}${statement.key}"]

      condition {
        test     = "StringLike"
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
    for_each = length(var.key_arns) > 0 ? [1] : []

    content {
      sid       = "Keys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = var.key_arns
    }
  }
}
