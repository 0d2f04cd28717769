mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  name = "acme-ledger"
}

run "it_can_be_restored" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The ledger has point-in-time recovery and cannot be deleted by mistake."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk"
    error_message = "The keys are those of the ledger's schema."
  }

  assert {
    condition     = !contains(output.actions, "dynamodb:DeleteItem") && !contains(output.actions, "dynamodb:UpdateItem")
    error_message = "A user of the ledger deletes and overwrites nothing."
  }
}

run "a_key_that_is_none" {
  command = plan

  variables {
    kms_key_arn = "my-key"
  }

  expect_failures = [var.kms_key_arn]
}
