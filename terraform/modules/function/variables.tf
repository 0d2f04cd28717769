variable "name" {
  description = "Name of the function, its role and its log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "A function's name has 1 to 64 letters, digits, underscores and hyphens."
  }
}

variable "package" {
  description = "The zip, in a bucket: what is larger than 50 MB cannot be uploaded directly."
  type = object({
    bucket  = string
    key     = string
    version = optional(string)
    sha256  = string # of the zip, in base64
  })
  nullable = false
}

variable "handler" {
  description = "MODULE.FUNCTION inside the package."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "Lambda runtime; it has to be that of the package's wheels."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.runtime)
    error_message = "runtime is one of python3.11, python3.12, python3.13, python3.14."
  }
}

variable "machine" {
  description = "Processor: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.machine)
    error_message = "machine is one of arm64, x86_64."
  }
}

variable "memory" {
  description = "MB of memory."
  type        = number
  nullable    = false

  validation {
    condition     = var.memory >= 128 && var.memory <= 10240
    error_message = "memory is from 128 to 10240 MB."
  }
}

variable "timeout" {
  description = "Seconds."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900
    error_message = "timeout is from 1 to 900 seconds."
  }
}

variable "ephemeral_storage" {
  description = "MB of disk below /tmp."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage >= 512 && var.ephemeral_storage <= 10240
    error_message = "ephemeral_storage is from 512 to 10240 MB."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent executions set aside for it, and its most; -1: those of the account."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency >= 1
    error_message = "reserved_concurrency is -1 or at least 1; 0 would switch the function off."
  }
}

variable "environment" {
  description = "Environment variables. No secrets: they are readable to whoever reads the function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "policies" {
  description = "Name => policy, as JSON, of what it may do besides writing its log."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "dead_letters_arn" {
  description = "Queue for asynchronous calls that failed for good; null: it is not called so."
  type        = string
  default     = null
}

variable "dead_letters" {
  description = "Whether dead_letters_arn is given: it is not known when the plan is made."
  type        = bool
  default     = false
  nullable    = false
}

variable "source_queue" {
  description = "Queue that it takes messages from, how many executions at a time (2 to 1000), and how many messages each takes at once. One: a message that kills it takes no other with it."
  type = object({
    arn             = string
    max_concurrency = number
    batch_size      = optional(number, 1)
    batch_window    = optional(number, 0) # seconds in which a batch is gathered
  })
  default = null

  validation {
    condition = var.source_queue == null || (
      try(var.source_queue.max_concurrency, 2) >= 2 && try(var.source_queue.max_concurrency, 2) <= 1000
    )
    error_message = "max_concurrency is from 2 to 1000."
  }

  validation {
    condition = var.source_queue == null || (
      try(var.source_queue.batch_size, 1) >= 1 && try(var.source_queue.batch_size, 1) <= 10000 &&
      try(var.source_queue.batch_window, 0) >= 0 && try(var.source_queue.batch_window, 0) <= 300 &&
      (try(var.source_queue.batch_size, 1) <= 10 || try(var.source_queue.batch_window, 0) >= 1)
    )
    error_message = "batch_size is from 1 to 10000 and batch_window from 0 to 300 seconds; more than 10 messages need a window of at least 1."
  }
}

variable "network" {
  description = "Private subnets and security groups; null: outside of any VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "tracing" {
  description = "Record calls with AWS X-Ray."
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the function's role; null: none."
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

