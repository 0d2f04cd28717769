output "functions" {
  description = "Planner, worker, loader and, with a webhook, receiver."
  value       = { for kind, function in module.function : kind => function.name }
}

output "start" {
  description = "Starts a run by hand."
  value       = "aws lambda invoke --region ${var.region} --invocation-type Event --cli-binary-format raw-in-base64-out --payload '{\"schema\": \"penstock.ask/1\"}' --function-name ${module.function["planner"].name} /dev/null"
}

output "ledger" {
  description = "The ledger, as PENSTOCK_LEDGER names it."
  value       = "dynamodb://${local.table}?region=${var.region}"
}

output "webhook" {
  description = "Where events are sent to; null: there is no webhook."
  value       = one(module.webhook[*].urls)
}

output "work" {
  description = "Where what belongs to a run lies while it is under way."
  value       = local.work
}

output "staging" {
  description = "What the role of each warehouse has to be allowed to read, for COPY: `s3:GetObject` and `s3:ListBucket`."
  value       = distinct([for each in var.warehouses : each.staging == null ? "${local.work}/staging/" : "s3://${each.staging.bucket}/${each.staging.prefix}"])
}

output "athena_workgroup" {
  description = "Where to query the tables of the catalog, with a limit of what a query scans; null without such tables."
  value       = one(aws_athena_workgroup.this[*].name)
}

output "dead_letters" {
  description = "Queues to look into when an alarm says so."
  value       = concat([module.tasks.dead_name, module.loads.dead_name], module.starts[*].dead_name, [module.undelivered.name])
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard
}

output "alarms_topic" {
  description = "Topic that alarms are sent to."
  value       = module.monitoring.topic_arn
}
