# A pipeline in Lambda functions: starts -> planner -> tasks -> workers -> loads -> loader.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# The ARN of a workgroup has an id that its name does not tell.
data "aws_redshiftserverless_workgroup" "this" {
  for_each = toset([for each in var.warehouses : each.workgroup if each.workgroup != null])

  workgroup_name = each.value
}

locals {
  plain = lower(replace(var.pipeline, "_", "-"))
  short = length(local.plain) <= 24 ? local.plain : "${substr(local.plain, 0, 17)}-${substr(sha1(var.pipeline), 0, 6)}"
  name  = "penstock-${var.environment}-${local.short}"

  build    = coalesce(var.build_dir, "${path.module}/..")
  packages = { for kind in ["planner", "runtime"] : kind => "${local.build}/packages/${kind}-${var.functions.machine}.zip" }

  key_arn  = var.customer_managed_key ? module.governance[0].key_arn : null
  key_arns = concat(var.data_key_arns, var.customer_managed_key ? [module.governance[0].key_arn] : [])

  account = "${var.region}:${data.aws_caller_identity.this.account_id}"
  loading = length(var.warehouses) > 0

  table     = var.ledger_table == null ? module.ledger[0].name : var.ledger_table
  table_arn = "arn:${data.aws_partition.this.partition}:dynamodb:${var.region}:${data.aws_caller_identity.this.account_id}:table/${local.table}"

  work  = "s3://${module.work.bucket}/work"
  inbox = [for bucket in module.inbox : { bucket = bucket.bucket, prefix = "${var.pipeline}/" }] # one, with a webhook

  # Events come in bursts and while a run is under way: they wait in a queue, for one planning of all.
  started_by = concat(var.trigger.files, var.trigger.events ? local.inbox : [])
  queued     = length(var.trigger.files) > 0 || var.trigger.events

  watched = var.sla.freshness != null || var.sla.duration != null

  planner_timeout = min(var.functions.timeout, 300)

  network = var.network == null ? null : {
    subnet_ids         = length(var.network.zones) > 0 ? module.network[0].subnet_ids : var.network.subnet_ids
    security_group_ids = length(var.network.zones) > 0 ? [module.network[0].compute_security_group_id] : var.network.security_group_ids
  }
}

# -- what the functions stand on ------------------------------------------------------------------

module "governance" {
  source = "../../../terraform/modules/governance"
  count  = var.customer_managed_key ? 1 : 0

  name = local.name
}

module "work" {
  source = "../../../terraform/modules/lake"

  name          = "${local.name}-work-${data.aws_caller_identity.this.account_id}"
  kms_key_arn   = local.key_arn
  expire        = { "work/" = var.work_days, "athena/" = var.work_days }
  force_destroy = !var.protect
}

# What the webhook took, before anyone is told that it was taken.
module "inbox" {
  source = "../../../terraform/modules/lake"
  count  = var.webhook == null ? 0 : 1

  name          = "${local.name}-inbox-${data.aws_caller_identity.this.account_id}"
  kms_key_arn   = local.key_arn
  expire        = { "${var.pipeline}/" = var.inbox_days }
  events        = var.trigger.events
  force_destroy = !var.protect
}

module "ledger" {
  source = "../../../terraform/modules/ledger"
  count  = var.ledger_table == null ? 1 : 0

  name                = "${local.name}-ledger"
  kms_key_arn         = local.key_arn
  deletion_protection = var.protect
}

module "network" {
  source = "../../../terraform/modules/network"
  count  = length(try(var.network.zones, [])) > 0 ? 1 : 0

  name        = local.name
  cidr        = try(var.network.cidr, null)
  zones       = try(var.network.zones, [])
  kms_key_arn = local.key_arn
  interface_endpoints = concat(
    ["logs", "sqs"],
    length(var.secret_names) + length(var.secret_arns) > 0 ? ["secretsmanager"] : [],
    local.loading ? ["redshift-data"] : [],
    length(var.tables) > 0 ? ["glue"] : [],
  )
}

# -- packages and Program ---------------------------------------------------------------------------

resource "aws_s3_object" "package" {
  for_each = local.packages

  bucket      = module.work.bucket
  key         = "packages/${each.key}-${filesha256(each.value)}.zip"
  source      = each.value
  source_hash = filesha256(each.value)
}

resource "aws_s3_object" "program" {
  bucket       = module.work.bucket
  key          = "programs/${trimprefix(var.program_digest, "sha256:")}.json"
  source       = "${local.build}/program.json"
  source_hash  = filesha256("${local.build}/program.json")
  content_type = "application/json"
}

# -- queues -----------------------------------------------------------------------------------------

locals {
  # Of a message, before it is dead. With the waits that the functions choose that takes four minutes.
  tries = 5
}

module "tasks" {
  source = "../../../terraform/modules/queue"

  name              = "${local.name}-tasks"
  consumer_timeout  = var.functions.timeout
  max_receive_count = local.tries
  kms_key_arn       = local.key_arn
}

module "loads" {
  source = "../../../terraform/modules/queue"

  name              = "${local.name}-loads"
  consumer_timeout  = var.functions.timeout
  max_receive_count = local.tries
  sending_services  = local.loading ? ["events.amazonaws.com"] : []
  kms_key_arn       = local.key_arn
}

# A planning that finds a run under way gives its messages back: they come again after one time-out
# of the planner, and as often as that takes four hours.
module "starts" {
  source = "../../../terraform/modules/queue"
  count  = local.queued ? 1 : 0

  name              = "${local.name}-starts"
  consumer_timeout  = local.planner_timeout
  hidden_times      = 1
  max_receive_count = ceil(14400 / local.planner_timeout)
  sending_services  = ["events.amazonaws.com"]
  kms_key_arn       = local.key_arn
}

# Starts of the planner that failed for good, and events that could not be delivered.
module "undelivered" {
  source = "../../../terraform/modules/queue"

  name             = "${local.name}-undelivered"
  consumer_timeout = var.functions.timeout
  redrive          = false
  sending_services = local.queued || local.loading ? ["events.amazonaws.com"] : []
  kms_key_arn      = local.key_arn
}

# -- functions --------------------------------------------------------------------------------------

locals {
  warehouses = [for each in var.warehouses : {
    arn      = each.workgroup == null ? "arn:${data.aws_partition.this.partition}:redshift:${local.account}:cluster:${each.cluster}" : data.aws_redshiftserverless_workgroup.this[each.workgroup].arn
    cluster  = each.cluster
    database = each.database
    user     = each.user
    secret   = each.secret
  }]

  tables = [for each in var.tables : {
    catalog  = "arn:${data.aws_partition.this.partition}:glue:${coalesce(each.region, var.region)}:${data.aws_caller_identity.this.account_id}"
    database = each.database
    table    = each.table
  }]
}

# For those who query the tables: a query that would scan more than the limit is ended.
resource "aws_athena_workgroup" "this" {
  count = length(var.tables) > 0 ? 1 : 0

  name          = local.name
  description   = "Queries of the tables that ${var.pipeline} writes"
  force_destroy = !var.protect

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena_scan_limit

    result_configuration {
      output_location = "s3://${module.work.bucket}/athena/"

      encryption_configuration {
        encryption_option = var.customer_managed_key ? "SSE_KMS" : "SSE_S3"
        kms_key_arn       = local.key_arn
      }
    }
  }
}

module "access" {
  source = "./modules/access"

  reads          = concat(var.reads, local.inbox)
  writes         = var.writes
  secret_arns    = distinct(concat(var.secret_arns, var.warehouse_secrets, [for name in var.secret_names : var.secrets[name]]))
  database_users = var.database_users
  key_arns       = local.key_arns

  warehouses = local.warehouses
  tables     = local.tables
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "Ledger"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [local.table_arn]
  }

  statement {
    sid       = "Work"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${module.work.arn}/work/*"]
  }

  statement {
    sid       = "Program"
    actions   = ["s3:GetObject"]
    resources = ["${module.work.arn}/programs/*"]
  }

  statement {
    # Without a condition: else S3 would deny, not tell as missing, what is not there yet.
    sid       = "ListWork"
    actions   = ["s3:ListBucket"]
    resources = [module.work.arn]
  }
}

data "aws_iam_policy_document" "send" {
  for_each = { for kind, function in local.of_runs : kind => function if length(function.sends_to) > 0 }

  dynamic "statement" {
    for_each = length(each.value.sends_to) > 0 ? [each.value.sends_to] : []

    content {
      sid       = "Send"
      actions   = ["sqs:SendMessage"]
      resources = statement.value
    }
  }

  # Where schemas change the planner puts the Program that it has compiled for them.
  dynamic "statement" {
    for_each = each.key == "planner" ? [1] : []

    content {
      sid       = "PutProgram"
      actions   = ["s3:PutObject"]
      resources = ["${module.work.arn}/programs/*"]
    }
  }
}

# The receiver puts events, sees whether one is there already, and does nothing else.
data "aws_iam_policy_document" "receive" {
  count = var.webhook == null ? 0 : 1

  statement {
    sid       = "Inbox"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for place in local.inbox : "${module.inbox[0].arn}/${place.prefix}*"]
  }

  statement {
    sid       = "Program"
    actions   = ["s3:GetObject"]
    resources = ["${module.work.arn}/programs/*"]
  }

  dynamic "statement" {
    for_each = length(var.webhook.secret_names) > 0 ? [1] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for name in var.webhook.secret_names : var.secrets[name]]
    }
  }

  dynamic "statement" {
    for_each = length(var.webhook.secret_names) > 0 && length(var.data_key_arns) > 0 ? [1] : []

    content {
      sid       = "Keys"
      actions   = ["kms:Decrypt"]
      resources = var.data_key_arns
    }
  }
}

locals {
  # What every function is told, and what those of a run are told besides.
  told = merge(
    {
      PENSTOCK_PIPELINE    = var.pipeline
      PENSTOCK_ENVIRONMENT = var.environment
      PENSTOCK_PROGRAM     = "s3://${aws_s3_object.program.bucket}/${aws_s3_object.program.key}"
      PENSTOCK_LOG_LEVEL   = var.log_level
    },
    { for place in local.inbox : "PENSTOCK_INBOX" => "s3://${place.bucket}/${trimsuffix(place.prefix, "/")}" },
  )
  told_in_runs = merge(
    {
      PENSTOCK_LEDGER      = "dynamodb://${local.table}"
      PENSTOCK_WORK        = local.work
      PENSTOCK_TASKS_QUEUE = module.tasks.url
      PENSTOCK_LOADS_QUEUE = module.loads.url
      PENSTOCK_MOST_TRIES  = tostring(local.tries)
    },
    { for queue in module.starts : "PENSTOCK_EVENTS_QUEUE" => queue.url },
  )

  of_runs = {
    planner = {
      package      = "planner"
      sends_to     = [module.tasks.arn, module.loads.arn]
      source_queue = local.queued ? { arn = module.starts[0].arn, max_concurrency = 2, batch_size = 1000, batch_window = 10 } : null
    }
    worker = {
      package      = "runtime"
      sends_to     = [module.loads.arn]
      source_queue = { arn = module.tasks.arn, max_concurrency = var.functions.max_concurrency, batch_size = 1, batch_window = 0 }
    }
    loader = {
      package      = "runtime"
      sends_to     = []
      source_queue = { arn = module.loads.arn, max_concurrency = 2, batch_size = 1, batch_window = 0 }
    }
  }

  functions = merge(
    { for kind, function in local.of_runs : kind => merge(function, {
      memory            = var.functions.memory
      timeout           = kind == "planner" ? local.planner_timeout : var.functions.timeout
      ephemeral_storage = var.functions.ephemeral_storage
      environment       = merge(local.told, local.told_in_runs)
      secret_names      = var.secret_names
    }) },
    var.webhook == null ? {} : { receiver = {
      package           = "runtime"
      sends_to          = []
      source_queue      = null
      memory            = 512
      timeout           = 29 # the API waits for 30 s
      ephemeral_storage = 512
      environment       = local.told
      secret_names      = try(var.webhook.secret_names, [])
    } },
  )
}

module "function" {
  source   = "../../../terraform/modules/function"
  for_each = local.functions

  name                 = "${local.name}-${each.key}"
  handler              = "${each.key}.handler"
  machine              = var.functions.machine
  runtime              = "python${var.functions.python}"
  memory               = each.value.memory
  timeout              = each.value.timeout
  ephemeral_storage    = each.value.ephemeral_storage
  source_queue         = each.value.source_queue
  dead_letters         = each.key == "planner"
  dead_letters_arn     = module.undelivered.arn
  network              = local.network
  log_retention_days   = var.log_retention_days
  permissions_boundary = var.permissions_boundary
  kms_key_arn          = local.key_arn

  # {"NAME": "ARN"}: where a function finds its secrets; the values stay there.
  environment = merge(each.value.environment, length(each.value.secret_names) == 0 ? {} : {
    PENSTOCK_SECRET_ARNS = jsonencode({ for name in each.value.secret_names : name => var.secrets[name] })
  })

  package = {
    bucket  = aws_s3_object.package[each.value.package].bucket
    key     = aws_s3_object.package[each.value.package].key
    version = aws_s3_object.package[each.value.package].version_id
    sha256  = filebase64sha256(local.packages[each.value.package])
  }

  policies = each.key == "receiver" ? tomap({ receive = one(data.aws_iam_policy_document.receive[*].json) }) : tomap(merge(
    { run = data.aws_iam_policy_document.run.json, data = module.access.policy_json },
    length(each.value.sends_to) > 0 ? { send = data.aws_iam_policy_document.send[each.key].json } : {},
  ))
}

# -- what starts a run --------------------------------------------------------------------------------

module "schedule" {
  source = "../../../terraform/modules/schedule"
  count  = var.trigger.schedule == null ? 0 : 1

  name                 = "${local.name}-start"
  expression           = var.trigger.schedule
  timezone             = var.trigger.timezone
  enabled              = var.schedule_enabled
  function_arn         = module.function["planner"].arn
  dead_letters_arn     = module.undelivered.arn
  permissions_boundary = var.permissions_boundary
  kms_key_arn          = local.key_arn
}

# Looks every few minutes how the pipeline stands, where it promises something.
module "watch" {
  source = "../../../terraform/modules/schedule"
  count  = local.watched ? 1 : 0

  name                 = "${local.name}-watch"
  expression           = "rate(5 minutes)"
  input                = "{\"schema\": \"penstock.look/1\"}"
  function_arn         = module.function["planner"].arn
  dead_letters_arn     = module.undelivered.arn
  permissions_boundary = var.permissions_boundary
  kms_key_arn          = local.key_arn
}

module "webhook" {
  source = "../../../terraform/modules/webhook"
  count  = var.webhook == null ? 0 : 1

  name               = "${local.name}-webhook"
  paths              = var.webhook.paths
  method             = var.webhook.method
  rate               = var.webhook.rate
  burst              = var.webhook.burst
  function_name      = module.function["receiver"].name
  function_arn       = module.function["receiver"].arn
  log_retention_days = var.log_retention_days
  kms_key_arn        = local.key_arn
}

# The buckets must send their events to EventBridge; docs/deployment-guide.md says how. The inbox does.
resource "aws_cloudwatch_event_rule" "files" {
  count = local.queued ? 1 : 0

  name        = "${local.name}-files"
  description = "New files start ${var.pipeline}"
  state       = var.schedule_enabled ? "ENABLED" : "DISABLED"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    "$or" = [for place in local.started_by : {
      detail = {
        bucket = { name = [place.bucket] }
        object = { key = [{ prefix = place.prefix }] }
      }
    }]
  })
}

resource "aws_cloudwatch_event_target" "files" {
  count = local.queued ? 1 : 0

  rule = aws_cloudwatch_event_rule.files[0].name
  arn  = module.starts[0].arn

  dead_letter_config {
    arn = module.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

# -- what tells the loader that a load has ended ------------------------------------------------------

# The event goes into the queue as it is: the statement's name says which run it belongs to.
resource "aws_cloudwatch_event_rule" "loaded" {
  count = local.loading ? 1 : 0

  name        = "${local.name}-loaded"
  description = "Redshift has loaded rows of ${var.pipeline}, or has not"

  event_pattern = jsonencode({
    source      = ["aws.redshift-data"]
    detail-type = ["Redshift Data Statement Status Change"]
    detail      = { statementName = [{ prefix = "penstock/${var.pipeline}/" }] }
  })
}

resource "aws_cloudwatch_event_target" "loaded" {
  count = local.loading ? 1 : 0

  rule = aws_cloudwatch_event_rule.loaded[0].name
  arn  = module.loads.arn

  dead_letter_config {
    arn = module.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

# -- watching it --------------------------------------------------------------------------------------

locals {
  monitored = {
    region      = var.region
    name        = local.name
    planner     = module.function["planner"].name
    worker      = module.function["worker"].name
    loader      = module.function["loader"].name
    tasks       = module.tasks.name
    tasks_dead  = module.tasks.dead_name
    loads       = module.loads.name
    loads_dead  = module.loads.dead_name
    starts      = one(module.starts[*].name)
    starts_dead = one(module.starts[*].dead_name)
    receiver    = try(module.function["receiver"].name, null)
    api         = "ID of the webhook's API" # AWS gives it: alarms have it below, once it is known
    undelivered = module.undelivered.name
    table       = local.table
    timeout     = var.functions.timeout
    pipeline    = var.pipeline
    environment = var.environment

    freshness         = var.sla.freshness
    duration          = var.sla.duration
    rules_failed      = var.alarm_from.rules_failed
    set_aside_percent = var.alarm_from.set_aside_percent
    cost_ratio        = var.alarm_from.cost_ratio
    cost_limit        = var.alarm_from.cost_a_day
  }
  # What this pipeline has none of is `null` above, and is not watched.
  filled = { for name, value in local.monitored : name => coalesce(value, "none") }
  there = concat(
    ["always"],
    local.queued ? ["starts"] : [],
    var.webhook == null ? [] : ["webhook"],
    [for name in ["freshness", "duration", "cost_limit"] : name if local.monitored[name] != null],
    tolist(setintersection(var.rules, ["stop", "warn"])),
  )
  alerts = yamldecode(templatefile("${path.module}/../monitoring/alerts.yaml", local.filled)).alarms

  alerts_on = { for name, alarm in local.alerts : name => merge(alarm, {
    dimensions = { for key, value in alarm.dimensions : key => value == local.monitored.api ? module.webhook[0].api_id : value }
  }) if contains(local.there, try(alarm.with, "always")) }
}

module "monitoring" {
  source = "../../../terraform/modules/monitoring"

  name           = local.name
  alarms         = local.alerts_on
  dashboard_json = templatefile("${path.module}/../monitoring/cloudwatch-dashboards.json", local.filled)
  runbook_url    = var.runbook_url
  emails         = var.alert_emails
  kms_key_arn    = local.key_arn
}
