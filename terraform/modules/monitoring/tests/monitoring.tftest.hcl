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
  name           = "acme"
  runbook_url    = "https://example.com/troubleshooting.md"
  dashboard_json = "{\"widgets\": []}"
  emails         = ["data@example.com"]

  alarms = {
    tasks-dead = {
      description = "Slices failed."
      runbook     = "slices-in-the-dead-letter-queue"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = "acme-tasks-dead" }
      statistic   = "Maximum"
      threshold   = 1
    }
  }
}

run "alarms_say_what_to_do" {
  command = plan

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["tasks-dead"].alarm_description, "https://example.com/troubleshooting.md#slices-in-the-dead-letter-queue")
    error_message = "An alarm links to its runbook."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["data@example.com"].protocol == "email"
    error_message = "The owners are told."
  }
}

run "a_dashboard_that_is_none" {
  command = plan

  variables {
    dashboard_json = "{}"
  }

  expect_failures = [var.dashboard_json]
}
