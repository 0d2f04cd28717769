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

variable "warehouses" {
  description = "Databases of Redshift: ARN of the workgroup or cluster; the cluster's identifier, null for a workgroup; the database user, null for the IAM identity's; whether a secret is signed in with."
  type = list(object({
    arn      = string
    cluster  = optional(string)
    database = string
    user     = optional(string)
    secret   = optional(bool, false)
  }))
  default  = []
  nullable = false
}

variable "tables" {
  description = "Tables of the Glue Data Catalog. `catalog`: arn:aws:glue:REGION:ACCOUNT."
  type        = list(object({ catalog = string, database = string, table = string }))
  default     = []
  nullable    = false
}

variable "key_arns" {
  description = "Customer-managed keys that what it reads and writes is encrypted with."
  type        = list(string)
  nullable    = false
}
