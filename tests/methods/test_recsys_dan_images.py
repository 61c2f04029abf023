"""RecSys-DAN: items by their images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from dan_cases import MULTIMODAL, both, corpus_of, named_rows
from numpy.testing import assert_allclose, assert_array_equal

from benchmark.errors import NotApplicableError
from benchmark.recommender import Pairs
from methods.recsys_dan.images import ImageEncoder, Standardiser
from methods.recsys_dan.source_only import MultimodalSourceOnly


@pytest.mark.parametrize(
    ("shape", "flat"),
    # Halved and rounded up by each of the two blocks: 16 -> 8 -> 4, 5 -> 3 -> 2, 7 -> 4 -> 2.
    [((3, 16, 16), 6 * 4 * 4), ((1, 5, 7), 6 * 2 * 2), ((40,), 40)],
)
def test_codes_are_of_section_v_c_and_reach_every_weight(
    shape: tuple[int, ...], flat: int
) -> None:
    encoder = ImageEncoder(shape, channels=(4, 6), hidden=10, width=5)
    assert encoder.hidden.in_features == flat
    images = torch.randn(7, *shape)
    codes = encoder(images)
    assert codes.shape == (7, 5)
    codes.square().sum().backward()
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in encoder.parameters())
    features = encoder.cnn(images).flatten(1)
    by_hand = encoder.code(torch.clamp(encoder.hidden(features), min=0))
    torch.testing.assert_close(codes, by_hand)


def test_the_paper_has_4096_and_256_units() -> None:
    model = MultimodalSourceOnly()
    assert (model.image_width, model.lstm_width) == (4096, 256)


@pytest.mark.parametrize("shape", [(200, 3, 4, 4), (200, 30)])
def test_images_get_the_scale_of_the_source(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).normal(7, 3, size=shape).astype(np.float32)
    scale = Standardiser.of(images)
    scaled = scale(images, np.ones(len(images), dtype=bool))
    assert scaled.mean().item() == pytest.approx(0, abs=1e-5)
    assert scaled.std().item() == pytest.approx(1, abs=1e-3)
    assert_allclose(scale(images + 3, np.ones(200, dtype=bool)).mean(), 1, atol=0.05)
    blank = Standardiser.of(np.zeros(shape, dtype=np.float32))
    assert torch.isfinite(blank(images, np.ones(200, dtype=bool))).all()


def test_reviews_of_items_without_image_are_left_out() -> None:
    view = named_rows(without_image=(1, 3))
    corpus = corpus_of(both(view), "multimodal")
    assert {*corpus.source.items, *corpus.held_out.items, *corpus.target.items} == {0, 2}
    assert {*corpus.vocabulary.words} == {f"row{k}" for k in range(20) if k % 4 in (0, 2)}


def test_an_item_without_image_is_rated_as_the_average_image() -> None:
    view = named_rows(without_image=(1,))
    model = MultimodalSourceOnly(**MULTIMODAL).fit(both(view), seed=1)
    queried = Pairs(np.zeros(4, dtype=int), np.arange(4))
    ratings = model.predict(queried)
    assert np.isfinite(ratings).all()
    assert model.facts_["source rows with text and image"] == 15
    # What stands in the place of a missing image is not looked at.
    garbage: Any = view.item_images.copy()
    garbage[1] = 1e6
    again = MultimodalSourceOnly(**MULTIMODAL).fit(
        both(replace(view, item_images=garbage)), seed=1
    )
    assert_array_equal(again.predict(queried), ratings)


def test_an_item_without_reviews_is_rated_by_its_image() -> None:
    """A cold item, of which there is nothing but an image, is told from another by it."""
    view = named_rows()
    warm = np.flatnonzero(view.items != 3)
    cold = replace(
        view,
        **{
            name: getattr(view, name)[warm]
            for name in ("users", "items", "times", "ratings", "reviews")
        },
    )
    model = MultimodalSourceOnly(**MULTIMODAL).fit(both(cold), seed=1)
    ratings = model.predict(Pairs(np.zeros(4, dtype=int), np.arange(4)))
    assert len({*ratings.tolist()}) == 4


def test_without_any_image_it_says_so() -> None:
    view = named_rows(without_image=(0, 1, 2, 3))
    with pytest.raises(NotApplicableError, match="needs reviews of items with an image in both"):
        MultimodalSourceOnly(**MULTIMODAL).fit(both(named_rows(), view), seed=1)
