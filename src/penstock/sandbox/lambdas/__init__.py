"""Functions as Lambda runs them.

Each execution environment is a process of its own with AWS's runtime client (`awslambdaric`), which
asks a Runtime API server of its own for events, as it does in Lambda.
"""
