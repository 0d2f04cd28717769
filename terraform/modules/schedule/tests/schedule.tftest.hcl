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
  name             = "acme-start"
  expression       = "cron(15 2 * * ? *)"
  timezone         = "America/New_York"
  function_arn     = "arn:aws:lambda:us-east-1:123456789012:function:acme-planner"
  dead_letters_arn = "arn:aws:sqs:us-east-1:123456789012:acme-undelivered"
}

run "calls_by_the_clock" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression_timezone == "America/New_York" && aws_scheduler_schedule.this.state == "ENABLED"
    error_message = "The schedule is that of the pipeline."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == var.dead_letters_arn
    error_message = "Calls that could not be made are kept."
  }
}

run "five_fields_are_not_enough" {
  command = plan

  variables {
    expression = "15 2 * * *"
  }

  expect_failures = [var.expression]
}
