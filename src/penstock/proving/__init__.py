"""Unit tests of models: rows in, rows out (`penstock test`).

    tests/*.yaml ─▶ files ─▶ UnitTest ─▶ plan (what to compute) ─▶ prover ─▶ compare ─▶ Outcome

A test gives the rows of some datasets and says which rows another one should then have. Only the
datasets between are computed, on the engine's own protocol, so that a test means the same on
every engine. Nothing is read from sources and nothing is published.
"""
