# Addresses of an HTTP API that call a function and wait for its answer.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "Takes events for ${var.function_name}"
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = var.function_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000 # the most of an HTTP API
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:whoever sends is known by the HMAC of each event, which the function checks: services that send webhooks sign in no other way
  for_each = var.paths

  api_id    = aws_apigatewayv2_api.this.id
  route_key = "${var.method} ${each.key}"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default" # so that the address has no folder before the path
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = var.rate
    throttling_burst_limit   = var.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn

    # Who, what and how it went; nothing of the body or of its signature.
    format = jsonencode({
      requestId        = "$context.requestId"
      requestTime      = "$context.requestTime"
      ip               = "$context.identity.sourceIp"
      userAgent        = "$context.identity.userAgent"
      route            = "$context.routeKey"
      status           = "$context.status"
      responseLength   = "$context.responseLength"
      responseLatency  = "$context.responseLatency"
      integrationError = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_permission" "this" {
  for_each = var.paths

  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${var.method}${replace(each.key, "/\\{[^}]*\\}/", "*")}"
}
