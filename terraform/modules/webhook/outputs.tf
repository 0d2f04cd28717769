output "url" {
  description = "Where events are sent to."
  value       = "${aws_apigatewayv2_api.this.api_endpoint}${var.path}"
}

output "api_id" {
  description = "ID of the API, as CloudWatch names it in metrics."
  value       = aws_apigatewayv2_api.this.id
}
