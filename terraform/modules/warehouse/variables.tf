variable "name" {
  description = "Name of the Redshift Serverless namespace and workgroup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{3,64}$", var.name))
    error_message = "The name has 3 to 64 lower-case letters, digits and hyphens."
  }
}

variable "database" {
  description = "The first database."
  type        = string
  default     = "warehouse"
  nullable    = false
}

variable "base_capacity" {
  description = "Redshift Processing Units at rest."
  type        = number
  default     = 8
  nullable    = false

  validation {
    condition     = contains([4], var.base_capacity) || (var.base_capacity >= 8 && var.base_capacity <= 1024 && var.base_capacity % 8 == 0)
    error_message = "base_capacity is 4, or 8 to 1024 in steps of 8."
  }
}

variable "max_capacity" {
  description = "Redshift Processing Units at most."
  type        = number
  default     = 32
  nullable    = false

  validation {
    condition     = var.max_capacity >= var.base_capacity && var.max_capacity <= 5632
    error_message = "max_capacity is from base_capacity to 5632."
  }
}

variable "network" {
  description = "Private subnets (in three zones) and security groups."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  nullable = false
}

variable "reads" {
  description = "Staged files that COPY may read."
  type = list(object({
    bucket = string
    prefix = string
  }))
  default  = []
  nullable = false
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

