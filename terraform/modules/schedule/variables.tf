variable "name" {
  description = "Name of the schedule and its role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", var.name))
    error_message = "A schedule's name has 1 to 64 letters, digits, underscores, dots and hyphens."
  }
}

variable "expression" {
  description = "cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR) or rate(NUMBER UNIT)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(cron\\([^)]+\\)|rate\\([1-9][0-9]* (minute|minutes|hour|hours|day|days)\\))$", var.expression))
    error_message = "expression is cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR) or rate(NUMBER minutes|hours|days)."
  }
}

variable "timezone" {
  description = "Time zone of the expression, such as Europe/Berlin."
  type        = string
  default     = "UTC"
  nullable    = false
}

variable "enabled" {
  description = "Whether it starts anything."
  type        = bool
  default     = true
  nullable    = false
}

variable "function_arn" {
  description = "Function that it calls."
  type        = string
  nullable    = false
}

variable "input" {
  description = "What the function is called with, as JSON. The default asks for a run."
  type        = string
  default     = "{\"schema\": \"penstock.ask/1\"}"
  nullable    = false

  validation {
    condition     = can(jsondecode(var.input))
    error_message = "input is JSON."
  }
}

variable "dead_letters_arn" {
  description = "Queue for calls that could not be made."
  type        = string
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the schedule's role; null: none."
  type        = string
  default     = null
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

