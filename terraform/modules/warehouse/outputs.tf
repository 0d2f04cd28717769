output "workgroup" {
  description = "Name of the workgroup, for the Data API."
  value       = aws_redshiftserverless_workgroup.this.workgroup_name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.arn
}

output "database" {
  description = "The first database."
  value       = var.database
}

output "copy_role_arn" {
  description = "Role that COPY reads staged files with."
  value       = aws_iam_role.copy.arn
}

output "admin_secret_arn" {
  description = "Secret with the administrator's password."
  value       = aws_redshiftserverless_namespace.this.admin_password_secret_arn
}
