"""RecSys-DAN: what its instances read of the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dan_cases import UNIMODAL, both, corpus_of, named_rows
from numpy.testing import assert_array_equal

from benchmark.data.text import UNK
from benchmark.data.views import DomainView
from benchmark.errors import NotApplicableError
from benchmark.recommender import Pairs
from methods.recsys_dan.samples import Corpus, Samples
from methods.recsys_dan.source_only import SourceOnly


def spelled(documents: Any, corpus: Corpus) -> list[set[str]]:
    words = np.array(["", "<UNK>", *corpus.vocabulary.words], dtype=object)
    return [set(words[row]) - {""} for row in documents.tokens]


def rows_of(samples: Samples, view: DomainView) -> list[int]:
    """The rows that pairs stand for; a user, an item and a rating name one row of the twenty."""
    return [
        int(np.flatnonzero((view.users == user) & (view.items == item))[0])
        for user, item in zip(samples.users, samples.items, strict=True)
    ]


def test_held_out_reviews_are_in_no_document() -> None:
    view = named_rows()
    corpus = corpus_of(both(view))
    held, kept = rows_of(corpus.held_out, view), rows_of(corpus.source, view)
    assert sorted(held + kept) == list(range(20))
    assert len(held) == 2
    for documents in (corpus.source.user_inputs, corpus.source.item_inputs):
        assert set.union(*spelled(documents, corpus)) == {f"row{k}" for k in kept}


def test_a_pair_reads_its_own_review_unless_told_not_to() -> None:
    view = named_rows()
    with_own, without = (corpus_of(both(view), own_review=own) for own in (True, False))
    kept = rows_of(with_own.source, view)
    for k in range(len(kept)):
        for side in ("user", "item"):
            own = spelled(inputs_of(with_own.source, side, k), with_own)[0]
            other = spelled(inputs_of(without.source, side, k), without)[0]
            assert f"row{kept[k]}" in own
            assert other == (own - {f"row{kept[k]}"} or {"<UNK>"})


def inputs_of(samples: Samples, side: str, row: int) -> Any:
    positions = samples.users if side == "user" else samples.items
    return (samples.user_inputs if side == "user" else samples.item_inputs)[positions[[row]]]


def test_whole_documents_come_first_and_serve_prediction() -> None:
    view = named_rows()
    with_own, without = (corpus_of(both(view), own_review=own) for own in (True, False))
    first: Any = without.target.user_inputs[np.arange(5)]
    assert_array_equal(first.tokens, with_own.target.user_inputs[np.arange(5)].tokens)


def test_rows_without_text_are_left_out_and_counted() -> None:
    view = named_rows(unwritten=(0, 5, 10, 15, 3))
    corpus = corpus_of(both(view))
    assert len(corpus.target) == 15
    assert corpus.target.user_inputs[np.array([0])].tokens[0, 0] == UNK
    model = SourceOnly(**UNIMODAL).fit(both(view), seed=1)
    assert model.facts_["source rows"] == 20
    assert model.facts_["source rows with text"] == 15
    assert model.facts_["target users with text"] == 4
    assert np.isfinite(model.predict(Pairs(np.arange(5), np.zeros(5, dtype=int)))).all()


def test_without_reviews_it_says_that_it_cannot_run() -> None:
    silent = named_rows(unwritten=tuple(range(20)))
    with pytest.raises(
        NotApplicableError, match="needs reviews in both domains; the source has 0"
    ):
        SourceOnly(**UNIMODAL).fit(both(silent), seed=1)
