"""Executes Programs. Imports the standard library and the engine it runs on, nothing else."""
