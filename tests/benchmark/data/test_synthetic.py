"""The planted pair holds what it promises, on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmark.data.synthetic import Planted, PlantedPair, expected_stars, planted_pair
from benchmark.data.task import make_task


def test_the_ratings_of_the_default_pair_are_the_committed_ones(pair: PlantedPair) -> None:
    text = pair.source.rows[["user", "item", "rating", "time", "body"]].to_csv(index=False)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == COMMITTED


COMMITTED = "bf9a6b87728546d9"


def test_the_planted_map_is_orthogonal_and_carries_shared_tastes_over(pair: PlantedPair) -> None:
    assert_allclose(pair.map @ pair.map.T, np.eye(4), atol=1e-12)
    shared = Planted().shared_users
    assert_allclose(pair.tastes[0][:shared] @ pair.map.T, pair.tastes[1][:shared])


def test_unrelated_domains_share_no_tastes() -> None:
    unrelated = planted_pair(replace(Planted(), relatedness=0.0))
    shared = Planted().shared_users
    mapped = unrelated.tastes[0][:shared] @ unrelated.map.T
    assert abs(np.corrcoef(mapped.ravel(), unrelated.tastes[1][:shared].ravel())[0, 1]) < 0.2


def test_the_overlap_is_the_number_asked_for() -> None:
    pair = planted_pair(Planted(shared_users=7, shared_items=3))
    task = make_task("planted", pair.source, pair.target)
    assert len(task.shared_users) == 7
    # A shared item may draw no rating; it can then not be seen to be shared.
    assert len(task.shared_items) <= 3


def test_no_predictor_of_the_signal_beats_the_ideal_one(pair: PlantedPair) -> None:
    ratings = pair.source.rows["rating"].to_numpy()
    assert pair.source.ideal is not None
    floor = np.mean((ratings - pair.source.ideal) ** 2)
    for other in (pair.source.ideal + 0.1, 3 + 0.9 * (pair.source.ideal - 3), ratings.mean()):
        assert np.mean((ratings - other) ** 2) > floor


def test_expected_stars_agree_with_a_simulation() -> None:
    rng = np.random.default_rng(1)
    for signal in (0.7, 2.4, 3.5, 5.6):
        drawn = np.clip(np.floor(signal + 0.5 * rng.normal(size=200_000) + 0.5), 1, 5)
        assert expected_stars(np.array([signal]), 0.5)[0] == pytest.approx(drawn.mean(), abs=0.005)


def test_without_noise_the_ideal_is_the_rating_itself() -> None:
    pair = planted_pair(Planted(noise=0.0))
    assert_allclose(pair.target.ideal, pair.target.rows["rating"])


def test_synonyms_change_words_of_the_target_only() -> None:
    plain, shifted = planted_pair(Planted()), planted_pair(Planted(synonyms=0.5))
    assert plain.source.rows.equals(shifted.source.rows)
    assert plain.target.rows["rating"].equals(shifted.target.rows["rating"])
    words = " ".join(shifted.target.rows["body"]).split()
    assert np.mean([word.endswith("x") for word in words]) == pytest.approx(0.5, abs=0.1)


def test_no_pair_is_rated_twice_and_every_user_rates_at_least_five(pair: PlantedPair) -> None:
    for domain in (pair.source, pair.target):
        assert not domain.rows.duplicated(["user", "item"]).any()
        assert domain.rows["user"].value_counts().min() >= 5
