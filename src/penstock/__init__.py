"""Penstock: one pipeline definition, proved on a laptop, carried to the AWS that fits it."""

__version__ = "0.1.0"
