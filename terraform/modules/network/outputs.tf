output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Private subnets, one in each zone."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "compute_security_group_id" {
  description = "Group for functions and jobs."
  value       = aws_security_group.compute.id
}
