"""Amazon Athena, answered by DuckDB or Trino over moto's Glue catalog and the files of its S3.

`parts.Athena` is what a server adds; `catalog_versions.install` makes moto's catalog refuse an
update of a table that was changed meanwhile, as Glue does. `engines`
chooses what answers: `queries` is DuckDB, `trino` is Trino.
"""
