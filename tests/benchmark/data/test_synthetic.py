"""The planted pair holds what it promises, on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchmark.data.synthetic import Planted, PlantedPair, expected_stars, planted_pair
from benchmark.data.task import make_task

SMALL = Planted(users=(30, 30), items=(20, 20), shared_users=5, shared_items=5)
LARGE = Planted(users=(200, 200), items=(80, 80), ratings_per_user=(15, 15), bias=0.7)


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


def images(pair: PlantedPair, side: str) -> np.ndarray:
    domain = getattr(pair, side)
    assert domain.images is not None
    return np.asarray(domain.images.values)


def test_another_exposure_changes_the_images_of_the_target_only() -> None:
    plain, shifted = planted_pair(SMALL), planted_pair(replace(SMALL, contrast=0.5, brightness=2))
    assert_array_equal(images(plain, "source"), images(shifted, "source"))
    assert_allclose(images(shifted, "target"), 0.5 * images(plain, "target") + 2, atol=1e-6)
    assert plain.target.rows.equals(shifted.target.rows)


def test_mirrored_reviews_have_the_same_words_as_often_but_praise_what_is_bad() -> None:
    plain, shifted = (planted_pair(replace(LARGE, mirrored=m)) for m in (False, True))
    assert plain.source.rows.equals(shifted.source.rows)
    assert plain.target.rows["rating"].equals(shifted.target.rows["rating"])
    shares = [shares_of_words(pair.target.rows["body"]) for pair in (plain, shifted)]
    assert shares[0].sub(shares[1], fill_value=0).abs().sum() / 2 < 0.05
    best = most_telling_word(plain.source.rows["body"], plain.source.rows["rating"])
    said = [pair.target.rows["body"].str.contains(best) for pair in (plain, shifted)]
    ratings = plain.target.rows["rating"]
    assert np.corrcoef(said[0], ratings)[0, 1] > 0.1
    assert np.corrcoef(said[1], ratings)[0, 1] < -0.1


def shares_of_words(texts: pd.Series) -> pd.Series:
    return pd.Series(" ".join(texts).split()).value_counts(normalize=True)


def most_telling_word(texts: pd.Series, ratings: pd.Series) -> str:
    words = sorted(set(" ".join(texts).split()))
    return max(words, key=lambda word: np.corrcoef(texts.str.contains(word), ratings)[0, 1])


def test_mirrored_images_are_bright_where_items_are_bad() -> None:
    plain, shifted = (planted_pair(replace(LARGE, mirrored=m)) for m in (False, True))
    brightness = [images(pair, "target").mean(axis=(1, 2, 3)) for pair in (plain, shifted)]
    assert np.corrcoef(*brightness)[0, 1] < -0.9
    assert_array_equal(images(plain, "source"), images(shifted, "source"))


def test_features_stand_for_images_and_tell_of_them() -> None:
    plain = planted_pair(SMALL)
    featured = planted_pair(replace(SMALL, image_features=64))
    for side in ("source", "target"):
        features = images(featured, side)
        assert features.shape == (20, 64)
        assert (features >= 0).all()
        # Items that look alike have features alike.
        pixels = images(plain, side).reshape(20, -1)
        assert np.corrcoef(distances(pixels), distances(features))[0, 1] > 0.8
    assert plain.target.rows.equals(featured.target.rows)


def distances(values: np.ndarray) -> np.ndarray:
    return np.linalg.norm(values[:, None] - values, axis=2)[np.triu_indices(len(values), 1)]


@pytest.mark.parametrize(("bias", "affinity"), [(0.7, 0.2), (0.0, 0.5)])
def test_ratings_are_made_of_biases_and_affinity_as_told(bias: float, affinity: float) -> None:
    pair = planted_pair(replace(LARGE, bias=bias, affinity=affinity, noise=0.2))
    assert pair.source.ideal is not None
    users = pair.source.rows["user"]
    of_user = pair.source.rows.groupby("user")["rating"].transform("mean")
    assert pair.source.ideal.std() == pytest.approx(np.hypot(np.hypot(bias, bias), affinity), 0.15)
    spread = of_user[~users.duplicated()].std()
    assert (spread > 0.5) if bias else (spread < 0.35)


def test_candid_reviews_tell_more_of_the_rating() -> None:
    telling = []
    for candour in (0.1, 0.9):
        rows = planted_pair(replace(LARGE, candour=candour)).source.rows
        words = rows["summary"].str.split().explode()
        rated = rows["rating"].loc[words.index]
        of_word = rated.groupby(words.to_numpy()).transform("mean")
        said = of_word.groupby(level=0).mean()
        telling.append(float(np.corrcoef(said, rows["rating"])[0, 1]))
    assert telling[0] < 0.7 < 0.9 < telling[1]
