output "functions" {
  description = "Planner, worker and loader."
  value       = { for kind, function in module.function : kind => function.name }
}

output "start" {
  description = "Starts a run by hand."
  value       = "aws lambda invoke --region ${var.region} --invocation-type Event --function-name ${module.function["planner"].name} /dev/null"
}

output "ledger" {
  description = "The ledger, as PENSTOCK_LEDGER names it."
  value       = "dynamodb://${local.table}?region=${var.region}"
}

output "work" {
  description = "Where what belongs to a run lies while it is under way."
  value       = local.work
}

output "dead_letters" {
  description = "Queues to look into when an alarm says so."
  value       = [module.tasks.dead_name, module.loads.dead_name, module.undelivered.name]
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard
}

output "alarms_topic" {
  description = "Topic that alarms are sent to."
  value       = module.monitoring.topic_arn
}
