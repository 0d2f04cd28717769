"""Penstock: one pipeline definition, proved on a laptop, carried to the AWS architecture that fits."""

__version__ = "0.1.0"
