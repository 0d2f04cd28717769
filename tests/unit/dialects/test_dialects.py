"""Engines: a table of what there is, and values for what there is not."""

from __future__ import annotations

import pytest
from sqlglot import parse_one

from penstock import dialects
from penstock.spec.models import ENGINES


def test_every_engine_of_the_pipeline_file_is_there_or_a_gap():
    assert set(dialects.ENGINES) == set(ENGINES)
    for engine in dialects.ENGINES:
        gap = dialects.missing(engine)
        if gap is None:
            assert dialects.load(engine).engine == engine
        else:
            assert (gap.kind, gap.code) == ("notimpl", "PSK-PORT-001")
            assert engine in gap.because


def test_the_dialect_of_models_is_one_that_can_be_loaded():
    assert dialects.missing(dialects.REFERENCE) is None


def test_a_gap_cannot_be_loaded():
    with pytest.raises(KeyError):
        dialects.load("flink")


def test_rendering_leaves_comments_out_and_quotes_what_has_to_be():
    tree = parse_one('SELECT "order", "a b", c /* why */ FROM t -- because', read="duckdb")
    sql = dialects.load("duckdb").render(tree)
    assert sql == 'SELECT "order", "a b", c FROM t'


@pytest.mark.parametrize("engine", ["duckdb", "spark", "postgres"])
def test_every_kind_of_transform_runs_on_every_engine(engine):
    capabilities = dialects.load(engine)
    assert not any(capabilities.gap(kind) for kind in ("sql", "steps", "python", "command"))
