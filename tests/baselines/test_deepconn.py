"""DeepCoNN: its convolution by a direct loop, its machine by the naive sum, and what it learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from baselines.deepconn import DeepCoNN
from baselines.factorization_machine import FactorizationMachine
from baselines.text_cnn import TextCNN
from benchmark.data.text import Documents
from benchmark.data.views import TrainingData
from benchmark.recommender import Pairs


def encoder(width: int = 3) -> TextCNN:
    torch.manual_seed(1)
    return TextCNN(30, embedding=6, width=width, filters=5, latent=4)


def documents(lengths: list[int], cap: int) -> Documents:
    rng = np.random.default_rng(2)
    tokens = np.zeros((len(lengths), cap), dtype=np.int32)
    for row, length in enumerate(lengths):
        tokens[row, :length] = rng.integers(2, 30, length)
    return Documents(tokens, np.array(lengths))


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("lengths", [[7, 1, 4, 9, 2, 6], [9, 9], [1]])
def test_pooled_filters_are_those_of_a_direct_loop(lengths: list[int], width: int) -> None:
    model, docs = encoder(width), documents(lengths, cap=9)
    with torch.no_grad():
        model.embedding[0] = torch.randn(6)  # Padding learns and may attain a maximum too.
        vectors, kernels = model.embedding.numpy(), model.kernels.view(6, width, 5).numpy()
        expected = np.zeros((len(lengths), 5))
        for row, document in enumerate(docs.tokens):
            for f in range(5):
                for start in range(9 - width + 1):
                    window = sum(
                        vectors[document[start + j]] @ kernels[:, j, f] for j in range(width)
                    )
                    activation = max(0.0, float(window) + 0.1)
                    expected[row, f] = max(expected[row, f], activation)
        assert_allclose(model.pooled(docs).numpy(), expected, atol=1e-5)


def test_gradients_are_those_of_the_library_s_convolution() -> None:
    docs = documents([7, 1, 4, 9], cap=9)
    ours, theirs = encoder(), encoder()
    ours.pooled(docs).square().sum().backward()
    vectors = theirs.embedding[torch.from_numpy(docs.tokens.astype(np.int64))].transpose(1, 2)
    kernels = theirs.kernels.view(6, 3, 5).permute(2, 0, 1)
    convolved = torch.nn.functional.conv1d(vectors, kernels, theirs.bias)
    torch.relu(convolved).amax(dim=2).square().sum().backward()
    for name in ("embedding", "kernels", "bias"):
        expected = getattr(theirs, name).grad
        torch.testing.assert_close(getattr(ours, name).grad, expected, rtol=1e-4, atol=1e-5)


def test_a_document_too_short_for_a_window_is_padded() -> None:
    with torch.no_grad():
        short = encoder().pooled(documents([1, 2], cap=2))
        longer = encoder().pooled(
            Documents(np.pad(documents([1, 2], cap=2).tokens, ((0, 0), (0, 1))), np.array([1, 2]))
        )
    torch.testing.assert_close(short, longer)


def test_the_machine_s_pairwise_terms_are_the_naive_sum() -> None:
    torch.manual_seed(1)
    machine = FactorizationMachine(6, 3, dropout=0.5).eval()
    inputs = torch.randn(4, 6)
    with torch.no_grad():
        for row, rating in zip(inputs, machine(inputs), strict=True):
            expected = 0.1 + row @ machine.linear
            for i, j in combinations(range(6), 2):
                expected += machine.factors[i] @ machine.factors[j] * row[i] * row[j]
            assert rating.item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.fixture
def genres(training: Callable[..., TrainingData]) -> TrainingData:
    """Items of two kinds, each with its own words; the ratings follow the kind alone."""
    rng = np.random.default_rng(3)
    pairs = [(u, i) for u in range(30) for i in range(20) if rng.random() < 0.5]
    data = training([(u, i, 5.0 if i % 2 else 2.0) for u, i in pairs], unseen=2)
    good, bad = ["great", "lovely", "fine"], ["poor", "broken", "bad"]
    texts = [" ".join(rng.choice(good if i % 2 else bad, 4)) for _, i in pairs]
    reviews: Any = np.array(texts, dtype=object)
    times = np.arange(len(pairs))
    return replace(data, target=replace(data.target, reviews=reviews, times=times))


def small(**settings: Any) -> DeepCoNN:
    return DeepCoNN(embedding=16, filters=16, latent=8, epochs=15, lr=0.01, **settings)


@pytest.mark.parametrize("own_review", [True, False])
def test_ratings_follow_the_words_about_an_item(genres: TrainingData, own_review: bool) -> None:
    model = small(own_review=own_review).fit(genres, seed=1)
    users, items = np.divmod(np.arange(600), 20)
    good = model.predict(Pairs(users, items))[items % 2 == 1]
    bad = model.predict(Pairs(users, items))[items % 2 == 0]
    assert good.mean() > 4.5
    assert bad.mean() < 2.5


def test_the_sums_of_a_user_and_an_item_add_up_to_those_of_both() -> None:
    machine = FactorizationMachine(6, 3, dropout=0.5)
    inputs = torch.randn(4, 6)
    parts = machine.sums(inputs[:, :2], slice(0, 2)), machine.sums(inputs[:, 2:], slice(2, 6))
    for of_user, of_item, of_both in zip(*parts, machine.sums(inputs), strict=True):
        torch.testing.assert_close(of_user + of_item, of_both)


def test_the_network_kept_is_that_of_the_best_epoch(genres: TrainingData) -> None:
    model = small(patience=15).fit(genres, seed=1)
    errors = model.history_["held-out RMSE"]
    assert model.facts_["best epoch"] == 1 + int(np.argmin(errors))
    assert len(model.history_["loss"]) == len(errors) == model.facts_["epochs"]
    shorter = replace(model, epochs=int(model.facts_["best epoch"])).fit(genres, seed=1)
    everywhere = Pairs(*np.divmod(np.arange(32 * 22), 22))
    assert_array_equal(shorter.predict(everywhere), model.predict(everywhere))


def test_documents_are_cut_at_the_percentile_of_their_lengths(genres: TrainingData) -> None:
    facts = small(cut_percentile=50.0).fit(genres, seed=1).facts_
    whole = small(cut_percentile=100.0).fit(genres, seed=1).facts_
    for name in ("words of one user at most", "words of one item at most"):
        assert 4 <= float(facts[name]) < float(whole[name])
