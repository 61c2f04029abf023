"""HFT: its objective token by token, its gradient by finite differences, and what topics find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime

from baselines.hft import HFT
from baselines.hidden_topics import Corpus, Counts, Objective
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs

N_USERS, N_ITEMS, N_WORDS, K = 4, 3, 5, 2

Case = tuple[Objective, FloatArray, FloatArray, list[tuple[int, int, int]]]


@pytest.fixture
def case() -> Case:
    """A small objective, parameters, a background, and tokens as (item, word, topic)."""
    rng = np.random.default_rng(1)
    users, items = rng.integers(N_USERS, size=9), rng.integers(N_ITEMS, size=9)
    sizes = (N_USERS, N_ITEMS, N_WORDS)
    objective = Objective(users, items, rng.uniform(1, 5, 9), sizes, K, 0.3, 0.7)
    tokens = rng.integers((N_ITEMS, N_WORDS, K), size=(40, 3))
    vector, background = rng.normal(size=objective.size), rng.normal(size=N_WORDS)
    return objective, vector, background, [tuple(token) for token in tokens.tolist()]


def counts(tokens: list[tuple[int, int, int]]) -> Counts:
    items, words = np.zeros((N_ITEMS, K)), np.zeros((N_WORDS, K))
    for item, word, topic in tokens:
        items[item, topic] += 1
        words[word, topic] += 1
    return Counts(items, words)


def test_the_objective_is_the_sum_over_ratings_and_tokens(case: Case) -> None:
    objective, vector, background, tokens = case
    p = objective.parameters(vector)
    expected = 0.3 * sum(float(x) ** 2 for x in np.concatenate([p.users, p.items]).ravel())
    for u, i, rating in zip(objective.users, objective.items, objective.ratings, strict=True):
        product = sum(p.users[u, k] * p.items[i, k] for k in range(K))
        expected += (p.alpha[0] + p.user_bias[u] + p.item_bias[i] + product - rating) ** 2
    for item, word, topic in tokens:
        theta = np.exp(p.kappa[0] * p.items[item])
        phi = np.exp(background + p.words[:, topic])
        expected -= 0.7 * np.log(theta[topic] / theta.sum() * phi[word] / phi.sum())
    assert objective(vector, counts(tokens), background)[0] == pytest.approx(expected)


def test_the_gradient_is_that_of_finite_differences(case: Case) -> None:
    objective, vector, background, tokens = case
    drawn = counts(tokens)
    numerical = approx_fprime(vector, lambda x: objective(x, drawn, background)[0])
    assert_allclose(objective(vector, drawn, background)[1], numerical, rtol=1e-4, atol=1e-4)


def test_parameters_cover_the_vector_without_overlap(case: Case) -> None:
    objective = case[0]
    numbered = objective.parameters(np.arange(objective.size, dtype=np.float64))
    assert_array_equal(np.concatenate([part.ravel() for part in numbered]), range(objective.size))


def test_topics_are_drawn_in_proportion_and_none_is_lost() -> None:
    items, words = np.repeat([0, 1], [30_000, 4]), np.repeat([0, 1], [30_000, 4])
    corpus = Corpus.of(items, words, n_items=2, n_words=2)
    assert_allclose(corpus.frequencies, [30_000 / 30_004, 4 / 30_004])
    by_item, by_word = np.log([[1, 2], [1, 1]]), np.log([[3, 1], [1, 1e300]])
    drawn = corpus.draw(by_item, by_word, np.random.default_rng(1))
    assert_allclose(drawn.items[0] / 30_000, [0.6, 0.4], atol=0.01)
    assert drawn.items[1].tolist() == [0, 4]
    assert_array_equal(drawn.items, drawn.words)


@pytest.fixture
def genres(training: Callable[..., TrainingData]) -> TrainingData:
    """Items of two kinds, each with its own words; a user loves one kind and hates the other."""
    rng = np.random.default_rng(3)
    pairs = [(u, i) for u in range(30) for i in range(20) if rng.random() < 0.5]
    data = training([(u, i, 5.0 if u % 2 == i % 2 else 1.0) for u, i in pairs])
    loud, soft = ["drum", "cymbal", "stick"], ["flute", "harp", "reed"]
    texts = [" ".join(rng.choice(soft if i % 2 else loud, 6)) for _, i in pairs]
    reviews: Any = np.array(texts, dtype=object)
    return replace(data, target=replace(data.target, reviews=reviews))


def test_the_factors_are_the_topics_of_the_reviews(genres: TrainingData) -> None:
    model = HFT(factors=2, latent_reg=0.1, rounds=10).fit(genres, seed=1)
    topics = (model.parameters_.kappa * model.parameters_.items).argmax(axis=1)
    assert len(set(topics[::2])) == len(set(topics[1::2])) == 1
    assert topics[0] != topics[1]
    users, items = np.divmod(np.arange(600), 20)
    loved = users % 2 == items % 2
    predicted = model.predict(Pairs(users, items))
    assert predicted[loved].min() > 4 > 2 > predicted[~loved].max()


def test_the_kept_parameters_are_those_of_the_best_round(genres: TrainingData) -> None:
    model = HFT(factors=2, rounds=6).fit(genres, seed=1)
    errors = model.history_["held-out RMSE"]
    assert len(errors) == len(model.history_["objective"]) == 6
    assert model.facts_["best round"] == 1 + int(np.argmin(errors))
    shorter = HFT(factors=2, rounds=int(model.facts_["best round"])).fit(genres, seed=1)
    assert_array_equal(shorter.parameters_.items, model.parameters_.items)


def test_only_the_most_frequent_words_are_known(genres: TrainingData) -> None:
    assert HFT(n_words=2, rounds=1).fit(genres, seed=1).facts_["words"] == 2
    assert HFT(rounds=1).fit(genres, seed=1).facts_["words"] == 6


def test_without_a_word_the_factors_rest_on_ratings_alone(genres: TrainingData) -> None:
    nothing: Any = np.full(len(genres.target.users), None)
    silent = replace(genres, target=replace(genres.target, reviews=nothing))
    model = HFT(rounds=2).fit(silent, seed=1)
    assert model.facts_["words"] == 0
    assert np.isfinite(model.predict(Pairs(np.arange(3), np.arange(3)))).all()
