output "name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "actions" {
  description = "What a user of the ledger must be allowed to do with the table."
  value       = local.actions
}

output "policy_json" {
  description = "Policy of a user of the ledger."
  value       = data.aws_iam_policy_document.use.json
}
