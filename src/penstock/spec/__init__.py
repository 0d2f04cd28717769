"""The pipeline folder: read, typed, checked, and remembered with the place of every word."""

from penstock.spec.check import check, refuse
from penstock.spec.definition import Definition
from penstock.spec.load import load_definition
from penstock.spec.positions import Positions
from penstock.spec.text import TextFile, span_in
from penstock.spec.yaml import Document, read_yaml

__all__ = [
    "Definition",
    "Document",
    "Positions",
    "TextFile",
    "check",
    "load_definition",
    "read_yaml",
    "refuse",
    "span_in",
]
