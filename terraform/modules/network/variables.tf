variable "name" {
  description = "Name of the VPC, and the beginning of what is in it."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
  default     = "10.42.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "cidr is a range of IPv4 addresses such as 10.42.0.0/20, of /24 or larger."
  }
}

variable "zones" {
  description = "Availability zones: one private subnet in each."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 4
    error_message = "zones names 2 to 4 availability zones."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached through interface endpoints, such as sqs or secretsmanager; S3 and DynamoDB always have gateway endpoints, which cost nothing."
  type        = set(string)
  default     = ["logs", "sqs"]
  nullable    = false

  validation {
    condition     = alltrue([for s in var.interface_endpoints : contains(["athena", "events", "glue", "kms", "lambda", "logs", "monitoring", "rds", "redshift-data", "secretsmanager", "sns", "sqs", "states", "sts", "xray"], s)])
    error_message = "interface_endpoints are of athena, events, glue, kms, lambda, logs, monitoring, rds, redshift-data, secretsmanager, sns, sqs, states, sts, xray."
  }
}

variable "flow_log_days" {
  description = "Days that flow logs are kept; null: none are written."
  type        = number
  default     = 365
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed key; null: the service encrypts with a key of its own."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is null or the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "tags" {
  description = "Tags of everything in this module."
  type        = map(string)
  default     = {}
  nullable    = false
}

