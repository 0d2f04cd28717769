variable "name" {
  description = "Name of the key's alias."
  type        = string
  nullable    = false
}

variable "administrators" {
  description = "ARNs of who may change the key, besides the account's administrators."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "deletion_days" {
  description = "Days between asking for the key's deletion and its end."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_days >= 7 && var.deletion_days <= 30
    error_message = "deletion_days is from 7 to 30."
  }
}

variable "tags" {
  description = "Tags of everything in this module."
  type        = map(string)
  default     = {}
  nullable    = false
}

