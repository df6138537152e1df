"""The pairwise sample is small and misses no pair."""

from __future__ import annotations

from itertools import combinations

from towline.selftest.case import Case
from towline.selftest.sample import pairwise_sample
from towline.selftest.toml_format import load_toml_corpus


def pairs(cases: list[Case]) -> set[object]:
    found: set[object] = set()
    for case in cases:
        kind = "signal" if case.ends.signal else case.ends.verdict
        attributes = (case.group, case.shell, kind, case.user)
        found.update(combinations(enumerate(attributes), 2))
    return found


def test_every_pair_of_the_corpus_is_in_the_sample() -> None:
    corpus = load_toml_corpus()
    sample = pairwise_sample(corpus)
    assert pairs(sample) == pairs(corpus)
    assert len(sample) < len(corpus) / 3


def test_the_sample_is_the_same_each_time_and_in_order() -> None:
    corpus = load_toml_corpus()
    names = [case.name for case in corpus]
    sample = [case.name for case in pairwise_sample(corpus)]
    assert sample == [case.name for case in pairwise_sample(corpus)]
    assert sample == sorted(sample, key=names.index)
