"""A run over many functions: planner, workers, loader (docs/decisions/0030).

Standard library and runtime; boto3 is imported when a queue is first used.
"""
