"""RecSys-DAN: its networks, and inference with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from dan_cases import SIZES, corpus_of, generators_of, planted, training_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmark.recommender import Pairs
from methods.recsys_dan.networks import Interaction, encode, precoded
from methods.recsys_dan.pretraining import SourceModel
from methods.recsys_dan.samples import Corpus
from methods.recsys_dan.scorer import Scorer


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of(training_of(planted()), min_count=5)


def test_each_user_and_item_of_a_batch_is_encoded_once(corpus: Corpus) -> None:
    generators = generators_of(corpus).eval()
    encoded: list[int] = []
    generators.user.register_forward_hook(lambda _, inputs, __: encoded.append(len(inputs[0])))
    rows = np.array([5, 0, 5, 17, 0])
    together = generators(corpus.source, rows)
    assert encoded == [len(np.unique(corpus.source.users[rows]))]
    for position, row in enumerate(rows):
        torch.testing.assert_close(
            generators(corpus.source, np.array([row]))[0], together[position]
        )


def test_cached_codes_give_the_same_interactions(corpus: Corpus) -> None:
    generators = generators_of(corpus).eval()
    rows = np.arange(40)
    cached, samples = precoded(generators, corpus.target)
    torch.testing.assert_close(cached(samples, rows), generators(corpus.target, rows))
    assert {*cached.parameters()} == {*generators.interaction.parameters()}


def test_all_are_encoded_whatever_the_chunk(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    generators = generators_of(corpus)
    whole = encode(generators.user, corpus.target.user_inputs)
    assert len(whole) == len(corpus.target.user_inputs)
    monkeypatch.setattr("methods.recsys_dan.networks._CHUNK", 7)
    torch.testing.assert_close(encode(generators.user, corpus.target.user_inputs), whole)


def test_dropout_halves_in_training_only() -> None:
    interaction = Interaction(4, 64, dropout=0.5, activation="linear")
    codes = torch.ones(100, 2), torch.ones(100, 2)
    dropped = (interaction(*codes) == 0).float().mean()
    assert 0.4 < dropped < 0.6
    assert (interaction.eval()(*codes) != 0).all()


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_inference_is_the_source_model_without_dropout(corpus: Corpus, activation: Any) -> None:
    generators = generators_of(corpus, activation=activation)
    model = SourceModel(generators, SIZES["interaction_width"]).eval()
    scorer = Scorer.of(generators, model.scoring, corpus.source)
    rows = np.arange(50)
    pairs = Pairs(corpus.source.users[rows], corpus.source.items[rows])
    expected = model(corpus.source, rows).detach().double().numpy()
    np.testing.assert_allclose(scorer.score(pairs), expected, atol=1e-5)
    interactions = generators(corpus.source, rows).detach().double().numpy()
    np.testing.assert_allclose(scorer.embed(pairs), interactions, atol=1e-5)


@given(st.permutations(range(60)), st.lists(st.integers(0, 60), max_size=4), st.integers(1, 70))
def test_no_bit_depends_on_the_order_or_the_grouping(
    order: list[int], cuts: list[int], chunk: int
) -> None:
    rng = np.random.default_rng(0)
    users, items = (rng.normal(size=(9, 130)).astype(np.float32) for _ in range(2))
    weights = rng.normal(size=130).astype(np.float32)
    scorer = Scorer(users, items, "relu", weights, 0.5)
    pairs = Pairs(rng.integers(0, 9, 60), rng.integers(0, 9, 60))
    groups = np.split(np.array(order), sorted(cuts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("methods.recsys_dan.scorer._CHUNK", chunk)
        scored = [scorer.score(Pairs(pairs.users[g], pairs.items[g])) for g in groups]
    assert_array_equal(np.concatenate(scored), scorer.score(pairs)[order])


def test_a_linear_interaction_makes_ratings_a_sum_of_a_user_and_an_item(corpus: Corpus) -> None:
    """As printed, Gf and Gy are both linear: no pair can be rated other than by its two parts."""
    generators = generators_of(corpus)
    model = SourceModel(generators, SIZES["interaction_width"])
    scorer = Scorer.of(generators, model.scoring, corpus.target)
    table = scorer.score(Pairs(np.repeat([0, 1], 2), np.tile([0, 1], 2))).reshape(2, 2)
    assert table[0, 0] - table[0, 1] == pytest.approx(table[1, 0] - table[1, 1], abs=1e-6)
