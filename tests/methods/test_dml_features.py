"""Features from training rows and metadata, and the autoencoders that embed them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from benchmark.data.views import DomainView
from methods.dml.autoencoders.coder import into_ball
from methods.dml.autoencoders.plain import AutoEncoder
from methods.dml.autoencoders.training import codes, trained
from methods.dml.blocks import PSEUDO_RATINGS
from methods.dml.features import Features, item_features, user_features


def view(**changes: Any) -> DomainView:
    """Users 0 to 2 of 4 rate items 0 to 2 of 4 on a scale of 1 to 3."""
    nothing: Any = None
    plain = DomainView(
        n_users=4,
        n_items=4,
        scale=(1.0, 3.0),
        users=np.array([0, 0, 1, 2]),
        items=np.array([0, 1, 1, 2]),
        times=np.full(4, -1),
        ratings=np.array([3.0, 1.0, 3.0, 3.0]),
        reviews=nothing,
        item_images=nothing,
        has_image=nothing,
        user_features=nothing,
        item_features=nothing,
    )
    return replace(plain, **changes)


def everything(features: Features) -> np.ndarray:
    return features.centred(np.arange(len(features)))


def test_ratings_and_history_describe_a_user_without_metadata() -> None:
    features = user_features(view(), columns=8)
    # Three levels, mean and count; four items.
    assert_array_equal(features.widths, [5, 4])
    assert_array_equal(features.seen, [0, 1, 2])


def test_the_histogram_is_drawn_towards_that_of_all() -> None:
    shares = everything(user_features(view(), columns=8))[:, :3]
    # Of all ratings 1 in 4 is the lowest. User 0 has one of two: (1 + 5/4) / 7, user 1 none of
    # one: (5/4) / 6, as has user 2; standardised, only their differences count.
    lowest = [(1 + PSEUDO_RATINGS / 4) / 7, PSEUDO_RATINGS / 4 / 6, PSEUDO_RATINGS / 4 / 6]
    expected = (lowest - np.mean(lowest)) / np.std(lowest)
    assert_allclose(shares[:3, 0] / shares[0, 0], expected / expected[0], rtol=1e-5)


def test_a_user_without_training_rows_has_mean_features() -> None:
    assert_array_equal(everything(user_features(view(), columns=8))[3], 0)


def test_features_are_centred_and_every_block_has_variance_one() -> None:
    words = np.array(["good book", "bad", "good", None], dtype=object)
    features = user_features(view(reviews=words, times=np.array([5, 7, 7, 9])), columns=16)
    centred = everything(features)
    assert len(features.widths) == 4
    for block, columns in enumerate(np.split(np.arange(features.width), features.widths.cumsum())):
        if len(columns):
            known = features.known[:, block]
            assert_allclose(centred[known][:, columns].mean(axis=0), 0, atol=1e-6)
            assert_allclose(centred[known][:, columns].var(axis=0).sum(), 1, rtol=1e-5)


def test_history_and_text_take_no_more_columns_than_allowed() -> None:
    words = np.array(["good book", "bad", "good", "fine and dandy"], dtype=object)
    features = user_features(view(reviews=words), columns=2)
    assert_array_equal(features.widths, [5, 2, 2])


def test_users_who_wrote_the_same_words_have_the_same_text_features() -> None:
    words = np.array(["good", "book", "good book", "bad"], dtype=object)
    text = everything(user_features(view(reviews=words), columns=64))[:, -64:]
    assert_allclose(text[0], text[1], atol=1e-6)
    assert np.abs(text[0] - text[2]).max() > 0.1


def test_metadata_of_all_kinds_describe_an_item_without_ratings_too() -> None:
    table = pd.DataFrame(
        {
            "price": [1.0, np.nan, 3.0, 8.0],
            "pages": pd.array([100, None, 300, 400], dtype="Int64"),
            "category": pd.Categorical(["A", "B", None, "A"]),
            "title": ["the book", "a song", "the song", None],
            "tags": [["x", "y"], ["x"], None, ["z"]],
        }
    )
    features = item_features(view(item_features=table), columns=32)
    assert_array_equal(features.widths, [1, 1, 32, 32, 32])
    assert_array_equal(features.seen, [0, 1, 2, 3])
    centred = everything(features)
    assert np.isfinite(centred).all()
    # What is missing is the mean: 0.
    assert centred[1, 0] == 0
    assert_array_equal(centred[3, 34:66][centred[3, 34:66] != 0], [])
    # One-letter categories tell items apart.
    category = centred[:, 2:34]
    assert_allclose(category[0], category[3])
    assert np.abs(category[0] - category[1]).max() > 0.1


def test_metadata_hide_the_ratings_of_an_item() -> None:
    table = pd.DataFrame({"price": [1.0, 2.0, 3.0, 4.0]})
    one = item_features(view(item_features=table), columns=8)
    other = item_features(view(item_features=table, ratings=np.ones(4)), columns=8)
    assert_array_equal(everything(one), everything(other))


def test_items_without_metadata_are_described_by_their_ratings() -> None:
    features = item_features(view(), columns=8)
    assert_array_equal(features.widths, [5, 4])
    assert_array_equal(features.seen, [0, 1, 2])


def test_a_constant_column_says_nothing() -> None:
    table = pd.DataFrame({"price": [2.0] * 4, "pages": [1.0, 2.0, 3.0, 4.0]})
    centred = everything(item_features(view(item_features=table), columns=8))
    assert_array_equal(centred[:, 0], 0)


@pytest.fixture(scope="module")
def clustered() -> Features:
    """50 users of either kind, one of whom nothing is known, and one who is the mean of all."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], 50)
    table = pd.DataFrame(rng.normal(3 * kind[:, None], 1, (100, 12))).add_prefix("x")
    table.loc[100] = np.nan
    table.loc[101] = table.mean()
    none = np.empty(0, dtype=np.int64)
    return user_features(
        view(n_users=102, users=none, items=none, times=none, ratings=none, user_features=table),
        columns=8,
    )


def embedded(features: Features, *, steps: int = 400, seed: int = 1) -> torch.Tensor:
    model = trained(AutoEncoder, features, 4, steps=steps, batch_size=16, lr=3e-3, seed=seed)
    return codes(model, features)


def test_embeddings_stay_in_the_unit_ball(clustered: Features) -> None:
    rows = embedded(clustered)
    assert rows.shape == (102, 4)
    assert rows.norm(dim=1).max() <= 1 + 1e-6


def test_codes_within_the_ball_are_left_alone() -> None:
    rows = into_ball(torch.tensor([[0.3, 0.4], [3.0, 4.0], [0.0, 0.0]]))
    assert_allclose(rows, [[0.3, 0.4], [0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


def test_embeddings_keep_what_the_features_tell(clustered: Features) -> None:
    rows = embedded(clustered)[:100].numpy()
    centres = rows[:50].mean(axis=0), rows[50:].mean(axis=0)
    nearer = np.linalg.norm(rows - centres[1], axis=1) < np.linalg.norm(rows - centres[0], axis=1)
    assert (nearer == np.repeat([False, True], 50)).mean() > 0.97


def test_who_is_unknown_gets_the_code_of_the_mean(clustered: Features) -> None:
    rows = embedded(clustered)
    assert_allclose(rows[100], rows[101], atol=1e-5)
    assert (rows[100] - rows[0]).abs().max() > 0.05


def test_the_same_seed_gives_the_same_embeddings(clustered: Features) -> None:
    one, same, other = (embedded(clustered, steps=20, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
