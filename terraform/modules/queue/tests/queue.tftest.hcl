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
  name             = "acme-tasks"
  consumer_timeout = 900
}

run "hidden_while_the_function_works" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 5400
    error_message = "A message stays hidden six times as long as its function may take."
  }

  assert {
    condition     = aws_sqs_queue.dead[0].name == "acme-tasks-dead" && aws_sqs_queue.dead[0].message_retention_seconds == 1209600
    error_message = "Dead letters are kept for 14 days."
  }

  assert {
    condition     = length(aws_sqs_queue_policy.this) == 2
    error_message = "Both queues are reached over TLS only."
  }
}

run "where_dead_letters_go" {
  command = plan

  variables {
    redrive          = false
    sending_services = ["events.amazonaws.com"]
  }

  assert {
    condition     = length(aws_sqs_queue.dead) == 0
    error_message = "A queue of dead letters has none of its own."
  }
}

run "given_back_and_soon_there_again" {
  command = plan

  variables {
    hidden_times = 1
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 900
    error_message = "A message that was given back comes again after one time-out."
  }
}

run "longer_than_sqs_hides" {
  command = plan

  variables {
    consumer_timeout = 7201
  }

  expect_failures = [var.consumer_timeout]
}
