variable "name" {
  description = "Name of the dashboard and topic, and the beginning of each alarm's."
  type        = string
  nullable    = false
}

variable "alarms" {
  description = "Alarms, as alerts.yaml has them, with the names in their dimensions filled in."
  type = map(object({
    description = string
    runbook     = string # heading of docs/troubleshooting.md
    namespace   = string
    metric      = string
    dimensions  = map(string)
    statistic   = string
    comparison  = optional(string, "GreaterThanOrEqualToThreshold")
    threshold   = number
    period      = optional(number, 300) # seconds
    periods     = optional(number, 1)
    missing     = optional(string, "notBreaching")
  }))
  nullable = false

  validation {
    condition     = alltrue([for a in values(var.alarms) : contains(["notBreaching", "breaching", "ignore", "missing"], a.missing)])
    error_message = "missing is one of notBreaching, breaching, ignore, missing."
  }

  validation {
    condition = alltrue([for a in values(var.alarms) :
      contains(["Average", "Maximum", "Minimum", "SampleCount", "Sum"], a.statistic) || can(regex("^p[0-9]{1,2}(\\.[0-9]+)?$", a.statistic))
    ])
    error_message = "statistic is one of Average, Maximum, Minimum, SampleCount, Sum, or a percentile such as p99."
  }
}

variable "runbook_url" {
  description = "Where docs/troubleshooting.md can be read; alarms link into it."
  type        = string
  nullable    = false
}

variable "dashboard_json" {
  description = "The dashboard's body."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.dashboard_json).widgets)
    error_message = "dashboard_json is JSON with the key widgets."
  }
}

variable "emails" {
  description = "Addresses that are told; each has to confirm once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for e in var.emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", e))])
    error_message = "emails are addresses such as data@example.com."
  }
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

