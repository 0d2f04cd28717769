variable "reads" {
  description = "Where the pipeline reads."
  type = list(object({
    bucket = string
    prefix = string
  }))
  nullable = false
}

variable "writes" {
  description = "Where the pipeline writes."
  type = list(object({
    bucket = string
    prefix = string
  }))
  nullable = false
}

variable "secret_arns" {
  description = "Secrets that the pipeline's connectors use."
  type        = list(string)
  nullable    = false
}

variable "database_users" {
  description = "ARNs of database users that it signs in as with IAM: arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE/USER."
  type        = list(string)
  nullable    = false
}

variable "key_arns" {
  description = "Customer-managed keys that what it reads and writes is encrypted with."
  type        = list(string)
  nullable    = false
}
