"""Changed fixtures of every format: no exception leaves an extractor, and every span is that of its literal."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portlint.extract import extract
from support.mutations import formats, made, read

EXAMPLES = 200


@pytest.mark.parametrize("format", formats())
def test_changed_fixtures(format):
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.integers(0, 2**63))
    def holds(seed):
        read(made(format, seed))

    holds()


@pytest.mark.parametrize("format", formats())
def test_the_same_bytes_give_the_same_facts(format):
    path, data = made(format, 1)
    facts = extract(path, data)
    assert facts == extract(path, data)
    assert pickle.loads(pickle.dumps(facts)) == facts
