"""From a pipeline folder to what an AWS account is given: packages, Terraform, a build folder."""
