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
  name  = "acme-warehouse"
  reads = [{ bucket = "acme-lake", prefix = "staged/" }, { bucket = "acme-lake", prefix = "curated/" }]

  network = {
    subnet_ids         = ["subnet-1", "subnet-2", "subnet-3"]
    security_group_ids = ["sg-1"]
  }
}

run "private" {
  command = plan

  assert {
    condition     = !aws_redshiftserverless_workgroup.this.publicly_accessible && aws_redshiftserverless_workgroup.this.enhanced_vpc_routing
    error_message = "The warehouse is in the VPC only."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.manage_admin_password
    error_message = "No password passes through Terraform."
  }
}

run "a_size_that_is_none" {
  command = plan

  variables {
    base_capacity = 12
  }

  expect_failures = [var.base_capacity]
}
