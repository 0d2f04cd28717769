# Something of each kind that architectures are made of. What the provider waits for longest (a
# queue, and each policy of one, 25 s; a bucket's lifecycle, 55 s) is left to the architectures' own
# tests.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.83, < 6.0"
    }
  }
}

variable "package" {
  type = string
}

variable "queue_arn" {
  type = string
}

provider "aws" {
  default_tags {
    tags = { "penstock:pipeline" = "shop" }
  }
}

data "aws_caller_identity" "this" {}

resource "aws_s3_bucket" "this" {
  bucket        = "shop-${data.aws_caller_identity.this.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.tls_only.json
}

resource "aws_s3_object" "package" {
  bucket      = aws_s3_bucket.this.id
  key         = "packages/function.zip"
  source      = var.package
  source_hash = filesha256(var.package)
  depends_on  = [aws_s3_bucket_versioning.this]
}

resource "aws_dynamodb_table" "this" {
  name         = "shop"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

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
    enabled = true
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "shop"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/shop"
  retention_in_days = 30
}

resource "aws_lambda_function" "this" {
  function_name     = "shop"
  role              = aws_iam_role.this.arn
  s3_bucket         = aws_s3_object.package.bucket
  s3_key            = aws_s3_object.package.key
  s3_object_version = aws_s3_object.package.version_id
  source_code_hash  = filebase64sha256(var.package)
  handler           = "index.handler"
  runtime           = "python3.13"
  architectures     = ["x86_64"]
  memory_size       = 256
  timeout           = 10

  ephemeral_storage {
    size = 1024
  }

  environment {
    variables = { GREETING = "hello" }
  }

  dead_letter_config {
    target_arn = var.queue_arn
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = var.queue_arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = var.queue_arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 4
  }
}

resource "aws_cloudwatch_event_rule" "files" {
  name = "shop-files"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [aws_s3_bucket.this.bucket] }
      object = { key = [{ prefix = "in/" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "files" {
  rule = aws_cloudwatch_event_rule.files.name
  arn  = aws_lambda_function.this.arn

  dead_letter_config {
    arn = var.queue_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_lambda_permission" "files" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.files.arn
}

resource "aws_scheduler_schedule_group" "this" {
  name = "shop"
}

resource "aws_scheduler_schedule" "this" {
  name                         = "nightly"
  group_name                   = aws_scheduler_schedule_group.this.name
  schedule_expression          = "cron(30 2 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.this.arn
    input    = "{\"at\": \"<aws.scheduler.scheduled-time>\"}" # jsonencode would write \u003c

    dead_letter_config {
      arn = var.queue_arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = "shop"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this.arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "this" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "POST /orders"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = 10
    throttling_burst_limit   = 20
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    format          = jsonencode({ requestId = "$context.requestId" })
  }
}

resource "aws_sns_topic" "this" {
  name = "shop-alarms"
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "shop-failures"
  alarm_actions       = [aws_sns_topic.this.arn]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  period              = 300
  statistic           = "Sum"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
}
