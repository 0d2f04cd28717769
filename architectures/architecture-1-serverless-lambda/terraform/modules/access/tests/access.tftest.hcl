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

run "a_warehouse_and_a_table" {
  command = plan

  variables {
    warehouses = [
      { arn = "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/5f1c", database = "dev" },
      { arn = "arn:aws:redshift:us-east-1:123456789012:cluster:a", cluster = "a", database = "dev" },
      { arn = "arn:aws:redshift:us-east-1:123456789012:cluster:b", cluster = "b", database = "dev", user = "loader" },
      { arn = "arn:aws:redshift:us-east-1:123456789012:cluster:c", cluster = "c", database = "dev", secret = true },
    ]
    tables = [{ catalog = "arn:aws:glue:us-east-1:123456789012", database = "sales", table = "orders" }]
  }

  assert {
    condition = toset(flatten([
      for s in jsondecode(output.policy_json).Statement : flatten([s.Resource])
      if contains(flatten([s.Action]), "redshift-data:BatchExecuteStatement")
    ])) == toset(var.warehouses[*].arn)
    error_message = "It loads into its own warehouses."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(output.policy_json).Statement :
      s.Condition.StringEquals["redshift-data:statement-owner-iam-userid"] == "$${aws:userid}"
      if contains(flatten([s.Resource]), "*")
    ])
    error_message = "What is for everything is for its own statements."
  }

  assert {
    condition = { for s in jsondecode(output.policy_json).Statement : s.Sid => toset(flatten([s.Resource])) if try(startswith(s.Sid, "SignIn"), false) } == {
      SignInToWorkgroups = toset(["arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/5f1c"])
      SignInToClusters   = toset(["arn:aws:redshift:us-east-1:123456789012:dbname:a/dev"])
      SignInToClustersAs = toset(["arn:aws:redshift:us-east-1:123456789012:dbname:b/dev", "arn:aws:redshift:us-east-1:123456789012:dbuser:b/loader"])
    }
    error_message = "It signs in as what it was told, and with a secret it asks for no login."
  }

  assert {
    condition = toset(flatten([
      for s in jsondecode(output.policy_json).Statement : flatten([s.Resource])
      if contains(flatten([s.Action]), "glue:UpdateTable")
      ])) == toset([
      "arn:aws:glue:us-east-1:123456789012:catalog",
      "arn:aws:glue:us-east-1:123456789012:database/sales",
      "arn:aws:glue:us-east-1:123456789012:table/sales/orders",
    ])
    error_message = "It writes its own tables of the catalog."
  }
}
