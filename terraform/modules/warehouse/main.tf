# Redshift Serverless in private subnets; its administrator's password is made and kept by AWS.

data "aws_partition" "this" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "copy" {
  name               = "${var.name}-copy"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = var.tags
}

data "aws_iam_policy_document" "copy" {
  count = length(var.reads) > 0 ? 1 : 0

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = [for place in var.reads : "arn:${data.aws_partition.this.partition}:s3:::${place.bucket}/${place.prefix}*"]
  }

  dynamic "statement" {
    for_each = { for place in var.reads : place.bucket => place.prefix... }

    content {
      actions   = ["s3:ListBucket"]
      resources = ["arn:${data.aws_partition.this.partition}:s3:::${statement.key}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [for prefix in statement.value : "${prefix}*"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "copy" {
  count = length(var.reads) > 0 ? 1 : 0

  name   = "copy"
  role   = aws_iam_role.copy.id
  policy = data.aws_iam_policy_document.copy[0].json
}

resource "aws_redshiftserverless_namespace" "this" {
  namespace_name                   = var.name
  db_name                          = var.database
  manage_admin_password            = true
  admin_password_secret_kms_key_id = var.kms_key_arn
  kms_key_id                       = var.kms_key_arn
  default_iam_role_arn             = aws_iam_role.copy.arn
  iam_roles                        = [aws_iam_role.copy.arn]
  log_exports                      = ["connectionlog", "useractivitylog", "userlog"]
  tags                             = var.tags
}

resource "aws_redshiftserverless_workgroup" "this" {
  workgroup_name       = var.name
  namespace_name       = aws_redshiftserverless_namespace.this.namespace_name
  base_capacity        = var.base_capacity
  max_capacity         = var.max_capacity
  subnet_ids           = var.network.subnet_ids
  security_group_ids   = var.network.security_group_ids
  enhanced_vpc_routing = true
  publicly_accessible  = false
  tags                 = var.tags

  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }
}
