mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  pipeline       = "flights"
  program_digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  region         = "us-east-1"
  environment    = "prod"
  reads          = [{ bucket = "acme-in", prefix = "flights/" }]
  writes         = [{ bucket = "acme-lake", prefix = "curated/delays" }]
}

run "started_by_the_clock" {
  command = plan

  variables {
    trigger = { schedule = "cron(15 2 * * ? *)", timezone = "America/New_York" }
  }

  assert {
    condition     = length(module.schedule) == 1 && length(aws_cloudwatch_event_rule.files) == 0
    error_message = "One trigger, and it is the schedule."
  }

  assert {
    condition     = toset(keys(output.functions)) == toset(["planner", "worker", "loader"]) && output.webhook == null
    error_message = "Three functions, and nothing that is reached from outside."
  }

  assert {
    condition     = !contains(keys(local.alerts_on), "webhook-failing") && !contains(keys(local.alerts_on), "starts-dead") && contains(keys(local.alerts_on), "tasks-dead")
    error_message = "What is not there is not watched."
  }

  assert {
    condition     = output.dead_letters == ["penstock-prod-flights-tasks-dead", "penstock-prod-flights-loads-dead", "penstock-prod-flights-undelivered"]
    error_message = "Every queue has its dead letters, and so have the planner's starts."
  }
}

run "started_by_files" {
  command = plan

  variables {
    trigger = { files = [{ bucket = "acme-in", prefix = "flights/" }] }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.files[0].event_pattern)["$or"][0].detail.bucket.name == ["acme-in"]
    error_message = "New files of the source start it."
  }

  assert {
    condition     = contains(output.dead_letters, "penstock-prod-flights-starts-dead")
    error_message = "Files that come while a run is under way wait in a queue."
  }
}

run "started_by_a_webhook" {
  command = plan

  variables {
    trigger      = { events = true }
    webhook      = { paths = ["/orders"], secret_names = ["hook"] }
    secret_names = ["hook"]
    secrets      = { hook = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hook" }
  }

  assert {
    condition     = output.functions.receiver == "penstock-prod-flights-receiver"
    error_message = "A function takes the events."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.files[0].event_pattern)["$or"][0].detail.object.key == [{ prefix = "flights/" }]
    error_message = "Events that lie in the inbox start the planner."
  }

  assert {
    condition     = local.functions.receiver.secret_names == tolist(["hook"]) && !contains(keys(local.functions.receiver.environment), "PENSTOCK_LEDGER")
    error_message = "The receiver knows its secret, and nothing of runs."
  }

  assert {
    condition     = contains(keys(local.alerts_on), "webhook-failing") && contains(keys(local.alerts_on), "starts-dead")
    error_message = "It is watched."
  }
}

run "a_promise_is_watched" {
  command = plan

  variables {
    sla        = { freshness = 93600, duration = 1800 }
    rules      = ["stop", "warn"]
    alarm_from = { cost_a_day = 4.5, set_aside_percent = 2 }
  }

  assert {
    condition     = local.alerts_on["data-stale"].threshold == 93600 && local.alerts_on["data-stale"].missing == "breaching"
    error_message = "Data that is too old is an alarm, and so is a watch that is dead."
  }

  assert {
    condition     = local.alerts_on["run-slow"].threshold == 1800 && local.alerts_on["run-hanging"].threshold == 1800
    error_message = "A run that takes too long is one, whether it ends or not."
  }

  assert {
    condition     = local.alerts_on["data-stale"].dimensions == { pipeline = "flights", environment = "prod" }
    error_message = "The metrics are those that the functions write."
  }

  assert {
    condition     = local.alerts_on["cost-over"].threshold == 4.5 && local.alerts_on["cost-unusual"].threshold == 3
    error_message = "Cost has a limit, and is held against the runs before."
  }

  assert {
    condition     = local.alerts_on["rules-failed"].threshold == 1 && local.alerts_on["rows-set-aside"].threshold == 2 && contains(keys(local.alerts_on), "run-stopped")
    error_message = "Quality has its alarms."
  }

  assert {
    condition     = length(module.watch) == 1
    error_message = "Someone looks while nothing runs."
  }
}

run "nothing_is_promised" {
  command = plan

  assert {
    condition     = length(module.watch) == 0 && length(setintersection(keys(local.alerts_on), ["data-stale", "run-slow", "run-hanging", "cost-over", "run-stopped", "rules-failed"])) == 0
    error_message = "What was not promised is not watched."
  }

  assert {
    condition     = toset([for alarm in local.alerts_on : alarm.dimensions.QueueName if alarm.metric == "ApproximateAgeOfOldestMessage"]) == toset([for queue in ["tasks", "tasks-dead", "loads", "loads-dead", "undelivered"] : "penstock-prod-flights-${queue}"])
    error_message = "No message of any queue waits unseen."
  }
}

run "a_promise_of_nothing" {
  command = plan

  variables {
    sla = { freshness = 0 }
  }

  expect_failures = [var.sla]
}

run "an_alarm_from_nothing" {
  command = plan

  variables {
    alarm_from = { cost_ratio = 0 }
  }

  expect_failures = [var.alarm_from]
}

run "an_action_that_is_none" {
  command = plan

  variables {
    rules = ["shout"]
  }

  expect_failures = [var.rules]
}

run "events_without_a_webhook" {
  command = plan

  variables {
    trigger = { events = true }
  }

  expect_failures = [var.trigger]
}

run "a_signature_without_its_secret" {
  command = plan

  variables {
    webhook = { paths = ["/orders"], secret_names = ["hook"] }
  }

  expect_failures = [var.webhook]
}

run "into_a_warehouse" {
  command = plan

  variables {
    warehouses = [
      { workgroup = "analytics", database = "dev" },
      { cluster = "old", database = "dev", user = "loader", staging = { bucket = "acme-stage", prefix = "rows" } },
    ]
    network = { zones = ["us-east-1a", "us-east-1b"] }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.loaded[0].event_pattern).detail == { statementName = [{ prefix = "penstock/flights/" }] }
    error_message = "The loader hears of its own statements."
  }

  assert {
    condition     = local.warehouses[1].arn == "arn:aws:redshift:us-east-1:123456789012:cluster:old"
    error_message = "A cluster is named by its ARN."
  }

  assert {
    condition     = output.staging == tolist(["s3://penstock-prod-flights-work-123456789012/work/staging/", "s3://acme-stage/rows"])
    error_message = "What COPY has to read is told."
  }
}

run "into_no_warehouse" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_rule.loaded) == 0 && length(output.staging) == 0
    error_message = "Nobody else sends to the loads."
  }
}

run "into_the_catalog" {
  command = plan

  variables {
    tables            = [{ database = "lake", table = "delays" }]
    athena_scan_limit = 20000000
  }

  assert {
    condition     = one(aws_athena_workgroup.this[*].configuration[0].bytes_scanned_cutoff_per_query) == 20000000
    error_message = "A query has a limit."
  }

  assert {
    condition     = one(aws_athena_workgroup.this[*].configuration[0].enforce_workgroup_configuration)
    error_message = "And nobody can raise it for a query."
  }
}

run "a_limit_that_athena_does_not_take" {
  command = plan

  variables {
    athena_scan_limit = 1
  }

  expect_failures = [var.athena_scan_limit]
}

run "a_warehouse_elsewhere" {
  command = plan

  variables {
    warehouses = [{ workgroup = "analytics", database = "dev", region = "eu-west-1" }]
  }

  expect_failures = [var.warehouses]
}

run "a_warehouse_without_its_secret" {
  command = plan

  variables {
    warehouses = [{ workgroup = "analytics", database = "dev", secret = true }]
  }

  expect_failures = [var.warehouse_secrets]
}

run "in_a_vpc_with_a_key" {
  command = plan

  variables {
    customer_managed_key = true
    network              = { zones = ["us-east-1a", "us-east-1b"] }
  }

  assert {
    condition     = length(module.network) == 1 && length(module.governance) == 1
    error_message = "A VPC and a key are made."
  }
}

run "a_long_name" {
  command = plan

  variables {
    pipeline = "A_pipeline_with_quite_a_long_name_of_its_own"
  }

  assert {
    condition     = length(output.functions.planner) <= 64
    error_message = "Names stay within the limits of AWS."
  }
}

run "a_secret_that_nobody_named" {
  command = plan

  variables {
    secret_names = ["token"]
  }

  expect_failures = [var.secrets]
}

run "two_triggers" {
  command = plan

  variables {
    trigger = { schedule = "rate(1 hour)", files = [{ bucket = "acme-in", prefix = "" }] }
  }

  expect_failures = [var.trigger]
}

run "an_environment_too_long" {
  command = plan

  variables {
    environment = "production-of-acme"
  }

  expect_failures = [var.environment]
}
