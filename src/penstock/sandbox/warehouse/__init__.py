"""Amazon Redshift's Data API, answered by PostgreSQL in this process's care.

Statements are translated word by word (`dialect.py`); what the sandbox does not know is an error
that says so. `parts.warehouse` is what a server adds.
"""
