variable "name" {
  description = "Name of the queue; its dead-letter queue is NAME-dead."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.name))
    error_message = "A queue's name has 1 to 75 letters, digits, underscores and hyphens (80 with -dead)."
  }
}

variable "consumer_timeout" {
  description = "Seconds that the consuming function may take."
  type        = number
  nullable    = false

  validation {
    condition     = var.consumer_timeout >= 1 && var.consumer_timeout * var.hidden_times <= 43200
    error_message = "consumer_timeout is at least 1 second, and hidden_times (6) times it at most SQS's 12 hours: 7200 seconds."
  }
}

variable "hidden_times" {
  description = "How many of the consumer's time-outs a message stays hidden: 6, as AWS advises; 1 where the consumer gives messages back because it is busy, and they are to come again soon."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.hidden_times >= 1
    error_message = "hidden_times is at least 1: a message that shows while it is worked on is worked on twice."
  }
}

variable "max_receive_count" {
  description = "How often a message is tried before it goes to the dead-letter queue."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000
    error_message = "max_receive_count is from 1 to 1000."
  }
}

variable "redrive" {
  description = "Have a dead-letter queue; off for a queue that is itself where dead letters go."
  type        = bool
  default     = true
  nullable    = false
}

variable "sending_services" {
  description = "AWS services of this account that may send, such as events.amazonaws.com."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.sending_services : endswith(s, ".amazonaws.com")])
    error_message = "sending_services are names such as events.amazonaws.com."
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

