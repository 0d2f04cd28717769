# The ledger's table, as penstock.runtime.ledger.dynamodb.schema has it; a test compares the two.

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:a customer-managed key is an option, `kms_key_arn`; without it DynamoDB encrypts with a key of its own
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = var.kms_key_arn != null
    kms_key_arn = var.kms_key_arn
  }
}

data "aws_iam_policy_document" "use" {
  statement {
    sid       = "Ledger"
    actions   = local.actions
    resources = [aws_dynamodb_table.this.arn]
  }
}

locals {
  # Nothing is ever deleted.
  actions = [
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
  ]
}
