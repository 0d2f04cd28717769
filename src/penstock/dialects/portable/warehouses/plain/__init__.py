"""Renderings in SQL that Snowflake and Redshift both read, without any function of ours there.

What their own functions do at the edges (a negative number, an empty text, a place before the
first, a number beyond a function's domain) is said differently in each, or not at all: so it is
written out.
"""
