"""Trino as the sandbox's Athena: Athena's own engine is made from it.

    java      finds a Java that it runs on
    release   fetches it once, with Maven, into the user's cache
    settings  its catalogs, over the sandbox's Glue and S3
    process   starts it with the first query, and ends it
    protocol  statements over HTTP
    values    what it gives, as Athena shows it
    engine    all of that as Athena's engine
    answers   what its Glue client asks for and moto leaves out

https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html
"""
