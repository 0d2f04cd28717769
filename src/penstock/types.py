"""Penstock's types, as text: `integer`, `decimal(8,2)`, `struct(a integer, b varchar[])`.

Standard library only. Names and spelling are those of pipeline-file.md; `normalize` gives the
one canonical spelling of a type, so that types compare as text.
"""
