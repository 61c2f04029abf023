"""TF-IDF ridge rows against scikit-learn's own pipeline on documents written out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from baselines.bias import Bias
from baselines.tfidf_ridge import TfidfRidge, TfidfRidgeSource
from benchmark.data.views import DomainView, TrainingData
from benchmark.errors import NotApplicableError
from benchmark.recommender import FloatArray, Pairs

WORDS = ["great", "fine", "dull", "poor", "string", "drum", "loud", "soft"]


def with_reviews(view: DomainView, seed: int) -> DomainView:
    """Reviews of three words a row; every fifth row has none."""
    rng = np.random.default_rng(seed)
    texts: Any = np.array([" ".join(rng.choice(WORDS, 3)) for _ in view.users], dtype=object)
    texts[::5] = None
    return replace(view, reviews=texts)


@pytest.fixture
def data(training: Callable[..., TrainingData]) -> TrainingData:
    rng = np.random.default_rng(1)

    def rows(n: int) -> list[tuple[int, int, float]]:
        draws = rng.integers((8, 6, 5), size=(n, 3)).tolist()
        return [(user, item, 1.0 + stars) for user, item, stars in draws]

    made = training(rows(60), rows(80), unseen=1)
    return replace(made, source=with_reviews(made.source, 2), target=with_reviews(made.target, 3))


def joined(view: DomainView, owners: Any, n: int, without: int | None = None) -> list[str]:
    """The documents of n owners, leaving out the review of one row."""
    documents: list[list[str]] = [[] for _ in range(n)]
    for row, (owner, review) in enumerate(zip(owners, view.reviews, strict=True)):
        if review is not None and row != without:
            documents[owner].append(review)
    return [" ".join(reviews) for reviews in documents]


def expected(
    rated: DomainView, targets: FloatArray, scored: DomainView, penalty: float, own_review: bool
) -> FloatArray:
    """Predictions (n_users, n_items) of the scored domain by scikit-learn's own classes."""
    vectorizers, train, whole = [], [], []
    for owners, n in ((rated.users, rated.n_users), (rated.items, rated.n_items)):
        vectorizer = TfidfVectorizer().fit(joined(rated, owners, n))
        documents = [
            joined(rated, owners, n, None if own_review else row)[owner]
            for row, owner in enumerate(owners)
        ]
        vectorizers.append(vectorizer)
        train.append(vectorizer.transform(documents))
    ridge = Ridge(alpha=penalty, solver="sparse_cg").fit(sparse.hstack(train), targets)
    sides = ((scored.users, scored.n_users), (scored.items, scored.n_items))
    for vectorizer, (owners, n) in zip(vectorizers, sides, strict=True):
        whole.append(vectorizer.transform(joined(scored, owners, n)).toarray())
    pairs = [
        np.concatenate([whole[0][user], whole[1][item]])
        for user in range(scored.n_users)
        for item in range(scored.n_items)
    ]
    return ridge.predict(np.array(pairs)).reshape(scored.n_users, scored.n_items)


def grid(view: DomainView) -> Pairs:
    return Pairs(*np.divmod(np.arange(view.n_users * view.n_items), view.n_items))


@pytest.mark.parametrize("own_review", [True, False])
def test_the_target_row_is_biases_plus_the_library_s_regression(
    data: TrainingData, own_review: bool
) -> None:
    view = data.target
    bias = Bias().fit(data, seed=1)
    rest = view.ratings - bias.predict(Pairs(view.users, view.items))
    text = expected(view, rest, view, 2.0, own_review)
    model = TfidfRidge(penalties=(2.0,), own_review=own_review).fit(data, seed=1)
    assert_allclose(model.predict(grid(view)), bias.predict(grid(view)) + text.ravel(), atol=1e-3)


@pytest.mark.parametrize("own_review", [True, False])
def test_the_source_row_is_the_source_s_regression_on_target_documents(
    data: TrainingData, own_review: bool
) -> None:
    text = expected(data.source, data.source.ratings, data.target, 2.0, own_review)
    model = TfidfRidgeSource(penalties=(2.0,), own_review=own_review).fit(data, seed=1)
    assert_allclose(model.predict(grid(data.target)), text.ravel(), atol=1e-3)


@pytest.mark.parametrize("method", [TfidfRidge, TfidfRidgeSource])
def test_the_penalty_is_the_one_with_the_lowest_held_out_error(
    data: TrainingData, method: type[TfidfRidge | TfidfRidgeSource]
) -> None:
    errors = {
        penalty: method(penalties=(penalty,)).fit(data, seed=1).facts_["held-out RMSE"]
        for penalty in (0.01, 1.0, 1000.0)
    }
    facts = method(penalties=tuple(errors)).fit(data, seed=1).facts_
    assert facts["penalty"] == min(errors, key=lambda penalty: float(errors[penalty]))


def test_without_a_word_the_method_does_not_apply(data: TrainingData) -> None:
    nothing: Any = np.full(len(data.target.users), None)
    silent = replace(data, target=replace(data.target, reviews=nothing))
    with pytest.raises(NotApplicableError, match="no training row has a word"):
        TfidfRidge().fit(silent, seed=1)
