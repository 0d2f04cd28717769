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
  name          = "acme-webhook"
  paths         = ["/orders"]
  function_name = "acme-receiver"
  function_arn  = "arn:aws:lambda:us-east-1:123456789012:function:acme-receiver"
}

run "one_route_that_is_throttled_and_logged" {
  command = plan

  assert {
    condition     = aws_apigatewayv2_route.this["/orders"].route_key == "POST /orders"
    error_message = "It listens on what the pipeline says."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100
    error_message = "It is throttled."
  }

  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).status == "$context.status" && aws_cloudwatch_log_group.access.retention_in_days == 365
    error_message = "Each request is logged."
  }
}

run "the_log_holds_no_secret" {
  command = plan

  assert {
    condition     = !strcontains(aws_apigatewayv2_stage.this.access_log_settings[0].format, "header")
    error_message = "Signatures stand in headers."
  }
}

run "a_path_that_is_none" {
  command = plan

  variables {
    paths = ["orders?x"]
  }

  expect_failures = [var.paths]
}

run "a_method_that_is_none" {
  command = plan

  variables {
    method = "GET"
  }

  expect_failures = [var.method]
}
