output "urls" {
  description = "Where events are sent to."
  value       = [for path in var.paths : "${aws_apigatewayv2_api.this.api_endpoint}${path}"]
}

output "api_id" {
  description = "ID of the API, as CloudWatch names it in metrics."
  value       = aws_apigatewayv2_api.this.id
}
