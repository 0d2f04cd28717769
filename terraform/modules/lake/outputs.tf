output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket # known when a plan is made, unlike the id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}
