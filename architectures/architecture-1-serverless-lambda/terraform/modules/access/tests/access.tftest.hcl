# The provider makes policy documents without asking AWS, so that these are the real ones.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

variables {
  reads          = [{ bucket = "acme-in", prefix = "flights/" }]
  writes         = [{ bucket = "acme-lake", prefix = "curated/delays" }]
  secret_arns    = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"]
  database_users = []
  key_arns       = []
}

run "no_more_than_the_pipeline_says" {
  command = plan

  assert {
    condition = alltrue([
      for s in jsondecode(output.policy_json).Statement :
      !contains(flatten([s.Resource]), "*") && !anytrue([for a in flatten([s.Action]) : strcontains(a, "*")])
    ])
    error_message = "No statement is for everything."
  }

  assert {
    condition = toset(flatten([
      for s in jsondecode(output.policy_json).Statement : flatten([s.Resource])
      if contains(flatten([s.Action]), "s3:PutObject")
    ])) == toset(["arn:aws:s3:::acme-lake/curated/delays*"])
    error_message = "It writes where its targets are, and nowhere else."
  }

  assert {
    condition = toset(flatten([
      for s in jsondecode(output.policy_json).Statement : flatten([s.Resource])
      if contains(flatten([s.Action]), "secretsmanager:GetSecretValue")
    ])) == toset(var.secret_arns)
    error_message = "It reads its own secrets."
  }
}
