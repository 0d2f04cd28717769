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
  name    = "acme-worker"
  handler = "worker.handler"
  memory  = 2048
  timeout = 900

  package = {
    bucket = "acme-work"
    key    = "packages/runtime.zip"
    sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }
}

run "works_through_a_queue" {
  command = plan

  variables {
    source_queue = {
      arn             = "arn:aws:sqs:us-east-1:123456789012:acme-tasks"
      max_concurrency = 10
    }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].scaling_config[0].maximum_concurrency == 10
    error_message = "No more workers than were asked for."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].batch_size == 1 && contains(aws_lambda_event_source_mapping.this[0].function_response_types, "ReportBatchItemFailures")
    error_message = "A message that fails takes no other with it."
  }

  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this) == 0
    error_message = "What a queue calls is not called asynchronously."
  }
}

run "takes_many_messages_at_once" {
  command = plan

  variables {
    source_queue = {
      arn             = "arn:aws:sqs:us-east-1:123456789012:acme-starts"
      max_concurrency = 2
      batch_size      = 1000
      batch_window    = 10
    }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].batch_size == 1000 && aws_lambda_event_source_mapping.this[0].maximum_batching_window_in_seconds == 10
    error_message = "What is gathered is taken together."
  }
}

run "many_messages_without_a_window" {
  command = plan

  variables {
    source_queue = {
      arn             = "arn:aws:sqs:us-east-1:123456789012:acme-starts"
      max_concurrency = 2
      batch_size      = 1000
    }
  }

  expect_failures = [var.source_queue]
}

run "called_asynchronously" {
  command = plan

  variables {
    dead_letters     = true
    dead_letters_arn = "arn:aws:sqs:us-east-1:123456789012:acme-undelivered"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:us-east-1:123456789012:acme-undelivered"
    error_message = "Calls that failed for good are kept."
  }
}

run "in_a_vpc" {
  command = plan

  variables {
    network = {
      subnet_ids         = ["subnet-1", "subnet-2"]
      security_group_ids = ["sg-1"]
    }
  }

  assert {
    condition     = length(aws_lambda_function.this.vpc_config[0].subnet_ids) == 2
    error_message = "The function is in the subnets."
  }
}

run "longer_than_lambda_lets_it" {
  command = plan

  variables {
    timeout = 901
  }

  expect_failures = [var.timeout]
}

run "too_few_at_a_time" {
  command = plan

  variables {
    source_queue = {
      arn             = "arn:aws:sqs:us-east-1:123456789012:acme-tasks"
      max_concurrency = 1
    }
  }

  expect_failures = [var.source_queue]
}
