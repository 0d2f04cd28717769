"""AWS on the laptop: moto's server, and over it what moto does not do.

    control   starts, finds and ends the server; standard library only
    server    the process: moto's WSGI application with the overlay in front
    lambdas   functions as Lambda runs them: own process, AWS's runtime client
    triggers  what calls functions: SQS, S3, EventBridge, Scheduler
    apis      HTTP APIs whose functions answer
    exclusive one request after the other, where moto's are not safe among many
    warehouse the Redshift Data API, answered by PostgreSQL
    athena    Athena, answered by DuckDB or Trino over the Glue catalog
    readback  what moto takes but does not give back, for Terraform's second plan

`abilities` lists what is real and what is not. Nothing else in Penstock imports moto.
"""
