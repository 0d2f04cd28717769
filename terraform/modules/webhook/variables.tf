variable "name" {
  description = "Name of the API and its log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.name))
    error_message = "An API's name has 1 to 128 letters, digits, underscores and hyphens."
  }
}

variable "paths" {
  description = "Paths that are listened on, such as /orders."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.paths) > 0 && alltrue([for path in var.paths : can(regex("^/[A-Za-z0-9._~/{}-]*$", path))])
    error_message = "paths has at least one; each begins with / and has letters, digits and . _ ~ / { } -."
  }
}

variable "method" {
  description = "POST or PUT."
  type        = string
  default     = "POST"
  nullable    = false

  validation {
    condition     = contains(["POST", "PUT"], var.method)
    error_message = "method is one of POST, PUT."
  }
}

variable "function_name" {
  description = "Function that answers."
  type        = string
  nullable    = false
}

variable "function_arn" {
  description = "ARN of that function."
  type        = string
  nullable    = false
}

variable "rate" {
  description = "Requests a second, over time; what is above gets 429."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.rate >= 1 && var.rate <= 10000
    error_message = "rate is from 1 to 10000 requests a second, the quota that an account begins with."
  }
}

variable "burst" {
  description = "Requests at once, for a moment."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.burst >= 1 && var.burst <= 5000
    error_message = "burst is from 1 to 5000 requests, the quota that an account begins with."
  }
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
  default     = 365
  nullable    = false
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
