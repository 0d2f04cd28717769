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
  name  = "acme"
  zones = ["us-east-1a", "us-east-1b"]
}

run "no_way_to_the_internet" {
  command = plan

  assert {
    condition     = length(aws_subnet.private) == 2 && length(distinct([for s in aws_subnet.private : s.cidr_block])) == 2
    error_message = "One private subnet in each zone."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["dynamodb", "s3"])
    error_message = "S3 and DynamoDB are reached through gateways, which cost nothing."
  }

  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled])
    error_message = "Clients find the endpoints under the usual names."
  }
}

run "a_service_without_endpoint" {
  command = plan

  variables {
    interface_endpoints = ["sqs", "sqz"]
  }

  expect_failures = [var.interface_endpoints]
}

run "one_zone" {
  command = plan

  variables {
    zones = ["us-east-1a"]
  }

  expect_failures = [var.zones]
}
