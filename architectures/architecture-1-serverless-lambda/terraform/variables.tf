# -- what `penstock build` fills in: pipeline.auto.tfvars.json ---------------------------------

variable "pipeline" {
  description = "Name of the pipeline."
  type        = string
  nullable    = false
}

variable "program_digest" {
  description = "Digest of program.json: sha256:…"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.program_digest))
    error_message = "program_digest is sha256: and 64 hexadecimal digits."
  }
}

variable "functions" {
  description = "Memory and disk in MB, time-out in seconds, workers at a time, processor."
  type = object({
    memory            = optional(number, 3008)
    timeout           = optional(number, 900)
    ephemeral_storage = optional(number, 2048)
    max_concurrency   = optional(number, 10)
    machine           = optional(string, "arm64")
    python            = optional(string, "3.13")
  })
  default  = {}
  nullable = false
}

variable "trigger" {
  description = "What starts a run: a schedule (cron(…) or rate(…)) with its time zone, new files of some places, or events that the webhook took."
  type = object({
    schedule = optional(string)
    timezone = optional(string, "UTC")
    files    = optional(list(object({ bucket = string, prefix = string })), [])
    events   = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = length([for given in [var.trigger.schedule != null, length(var.trigger.files) > 0, var.trigger.events] : 1 if given]) <= 1
    error_message = "A pipeline has one trigger: schedule, files or events."
  }

  validation {
    condition     = !var.trigger.events || var.webhook != null
    error_message = "trigger.events needs a webhook that takes them."
  }
}

variable "webhook" {
  description = "Where events are taken by HTTP; null: nowhere. `secret_names`: what signatures are checked with. `rate` and `burst`: requests a second, over time and for a moment."
  type = object({
    paths        = list(string)
    method       = optional(string, "POST")
    secret_names = optional(list(string), [])
    rate         = optional(number, 50)
    burst        = optional(number, 100)
  })
  default = null

  validation {
    condition     = length(setsubtract(try(var.webhook.secret_names, []), keys(var.secrets))) == 0
    error_message = "The webhook needs these secrets in `secrets`: ${join(", ", setsubtract(try(var.webhook.secret_names, []), keys(var.secrets)))}."
  }
}

variable "sla" {
  description = "What the pipeline promises, in seconds: how old the newest published data may be, how long a run may take. null: it is not watched."
  type = object({
    freshness = optional(number)
    duration  = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for seconds in [var.sla.freshness, var.sla.duration] : seconds == null ? true : seconds > 0])
    error_message = "An SLA is more than 0 seconds."
  }
}

variable "rules" {
  description = "What the pipeline's rules do with what breaks them: stop, quarantine, warn."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.rules, ["stop", "quarantine", "warn"])) == 0
    error_message = "rules are of stop, quarantine, warn."
  }
}

variable "reads" {
  description = "Where the pipeline reads."
  type        = list(object({ bucket = string, prefix = string }))
  default     = []
  nullable    = false
}

variable "writes" {
  description = "Where the pipeline writes."
  type        = list(object({ bucket = string, prefix = string }))
  default     = []
  nullable    = false
}

variable "secret_names" {
  description = "Secrets that the definition names as `secret.NAME`; `secrets` says where each is."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "secret_arns" {
  description = "Secrets that the definition names by their ARN."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "database_tokens" {
  description = "Whether some source signs in to its database with IAM; `database_users` says as whom."
  type        = bool
  default     = false
  nullable    = false
}

variable "warehouses" {
  description = "Databases of Redshift that the pipeline loads into: of a workgroup or a cluster. `user`: of the cluster, instead of the IAM identity's. `secret`: it signs in with one of `warehouse_secrets`. `staging`: where rows are staged, if not in the work bucket."
  type = list(object({
    workgroup = optional(string)
    cluster   = optional(string)
    database  = string
    user      = optional(string)
    secret    = optional(bool, false)
    region    = optional(string)
    staging   = optional(object({ bucket = string, prefix = string }))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for w in var.warehouses : (w.workgroup == null) != (w.cluster == null)])
    error_message = "A warehouse has either a workgroup or a cluster."
  }

  validation {
    condition     = alltrue([for w in var.warehouses : w.region == null || w.region == var.region])
    error_message = "A warehouse has to be in the region of the deployment: what tells that a load has ended is heard only there."
  }
}

variable "tables" {
  description = "Tables of the Glue Data Catalog that the pipeline writes; `region`: if not that of the deployment."
  type        = list(object({ database = string, table = string, region = optional(string) }))
  default     = []
  nullable    = false
}

variable "alert_emails" {
  description = "Addresses that alarms are sent to; each has to confirm once."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "alarm_from" {
  description = "From when a run is an alarm: rules under `warn` that failed, percent of the rows it read that were set aside, its cost as a multiple of what the runs before it cost, and USD that the runs of a day may cost (null: any)."
  type = object({
    rules_failed      = optional(number, 1)
    set_aside_percent = optional(number, 5)
    cost_ratio        = optional(number, 3)
    cost_a_day        = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in values(var.alarm_from) : value == null ? true : value > 0])
    error_message = "alarm_from has numbers above 0."
  }
}

# -- what the environment decides ---------------------------------------------------------------

variable "environment" {
  description = "Part of every name, so that several environments fit into one account."
  type        = string
  default     = "dev"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,9}$", var.environment))
    error_message = "environment has 1 to 10 lower-case letters, digits and hyphens, such as dev, test or prod."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of everything, besides penstock:pipeline and penstock:environment."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "athena_scan_limit" {
  description = "Bytes that one query of the tables of Athena may scan."
  type        = number
  default     = 100000000000
  nullable    = false

  validation {
    condition     = var.athena_scan_limit >= 10000000
    error_message = "athena_scan_limit is at least 10000000: Athena takes no lower limit than 10 MB."
  }
}

variable "secrets" {
  description = "Secret's name => ARN of it in AWS Secrets Manager. The values never pass through Terraform."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(var.secret_names, keys(var.secrets))) == 0
    error_message = "The pipeline needs these secrets in `secrets`: ${join(", ", setsubtract(var.secret_names, keys(var.secrets)))}."
  }
}

variable "database_users" {
  description = "Database users that sources sign in as with IAM: arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE/USER."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = !var.database_tokens || length(var.database_users) > 0
    error_message = "A source signs in with IAM: name its user in database_users, as arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE/USER."
  }
}

variable "warehouse_secrets" {
  description = "ARNs of the secrets with user and password that warehouses are signed in to with."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.warehouse_secrets) > 0 || !anytrue([for w in var.warehouses : w.secret])
    error_message = "A warehouse is signed in to with a secret: name its ARN in warehouse_secrets."
  }
}

variable "data_key_arns" {
  description = "Customer-managed keys of buckets and secrets that were there before."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "ledger_table" {
  description = "An existing ledger of this environment, shared by its pipelines; null: this pipeline has its own."
  type        = string
  default     = null
}

variable "customer_managed_key" {
  description = "Encrypt everything with a key of this environment's own."
  type        = bool
  default     = false
  nullable    = false
}

variable "network" {
  description = "null: outside of any VPC. `zones`: a VPC is made, without NAT. `subnet_ids` and `security_group_ids`: existing ones, for sources in a VPC."
  type = object({
    zones              = optional(list(string), [])
    cidr               = optional(string, "10.42.0.0/20")
    subnet_ids         = optional(list(string), [])
    security_group_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.network == null || (length(try(var.network.zones, [])) > 0) != (length(try(var.network.subnet_ids, [])) > 0)
    error_message = "network has either zones (a VPC is made) or subnet_ids (existing ones)."
  }
}

variable "schedule_enabled" {
  description = "Whether the schedule starts runs."
  type        = bool
  default     = true
  nullable    = false
}

variable "work_days" {
  description = "Days that what belonged to a run is kept in the work bucket."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.work_days >= 2
    error_message = "work_days is at least 2: a run may be taken up again on the next day."
  }
}

variable "inbox_days" {
  description = "Days that events of the webhook are kept. They are read by then, and this is what a full refresh can read again."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.inbox_days >= 15
    error_message = "inbox_days is at least 15: what goes wrong is kept in queues for 14 days, and its event has to be there still."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "log_level" {
  description = "How much the functions log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is one of DEBUG, INFO, WARNING, ERROR."
  }
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds every role; null: none."
  type        = string
  default     = null
}

variable "runbook_url" {
  description = "Where docs/troubleshooting.md of this architecture can be read; alarms link into it."
  type        = string
  default     = "docs/troubleshooting.md"
  nullable    = false
}

variable "protect" {
  description = "Keep the ledger's table and the work bucket from being destroyed with their content."
  type        = bool
  default     = true
  nullable    = false
}

variable "build_dir" {
  description = "Folder with program.json and packages/; null: the one that this root lies in, as penstock build lays it."
  type        = string
  default     = null
}
