"""Embedded domains: what a rating is learnt from may not hold the rating itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.data.splits import Split
from benchmark.data.task import Task
from benchmark.data.views import DomainView, training_data
from methods.dml import DML
from methods.dml.embedding import EmbeddedDomain, Embedder, EmbeddingKind


@pytest.fixture(scope="module")
def view(task: Task, split: Split) -> DomainView:
    target = training_data(DML, task, split, text="summary").target
    return replace(target, user_features=None, item_features=None)


def embedded(view: DomainView, folds: int) -> EmbeddedDomain:
    return embedder("ae", folds).embed(view, seed=1)


def embedder(kind: EmbeddingKind, folds: int = 0) -> Embedder:
    return Embedder(kind, dimension=4, columns=32, folds=folds, steps=0, batch_size=64, lr=1e-3)


def inputs(domain: EmbeddedDomain) -> Tensor:
    """The embeddings (n, 2 d) that each rating is learnt from."""
    ratings = domain.ratings
    return torch.cat([ratings.user_table[ratings.users], ratings.item_table[ratings.items]], dim=1)


def changed_inputs(view: DomainView, row: int, folds: int) -> np.ndarray:
    """Which ratings (n,) are learnt from something else when the rating in ``row`` is another."""
    ratings = view.ratings.copy()
    ratings[row] = sum(view.scale) - ratings[row] if ratings[row] != 3 else 5
    before, after = embedded(view, folds), embedded(replace(view, ratings=ratings), folds)
    # The prior of histograms moves all of them a little, an own rating by much.
    return ((inputs(before) - inputs(after)).abs().max(dim=1).values > 2e-3).numpy()


def test_a_rating_is_not_learnt_from_features_that_hold_it(view: DomainView) -> None:
    row = 7
    own = (view.users == view.users[row]) | (view.items == view.items[row])
    with_it, without = changed_inputs(view, row, 0), changed_inputs(view, row, 5)
    assert with_it[row]
    assert not without[row]
    # Others of the same user or item still learn from it, where they are of another fold.
    assert 0.5 < without[own].sum() / with_it[own].sum() < 1


def test_without_folds_a_pair_is_learnt_from_what_it_is_predicted_from(view: DomainView) -> None:
    domain = embedded(view, 0)
    table = torch.cat([domain.users[view.users], domain.items[view.items]], dim=1)
    assert torch.equal(inputs(domain), table)


def test_ratings_are_shares_of_the_scales_maximum(view: DomainView) -> None:
    values = embedded(replace(view, scale=(1.0, 10.0)), 5).ratings.values
    assert torch.equal(values, torch.from_numpy(view.ratings / 10).float())


def test_metadata_stand_in_every_fold(task: Task, split: Split) -> None:
    view = training_data(DML, task, split, text="summary").target
    domain = embedded(view, 5)
    table = domain.items[view.items]
    assert torch.allclose(domain.ratings.item_table[domain.ratings.items], table, atol=1e-6)


def test_ids_are_embedded_in_the_ball_and_strangers_at_its_centre(view: DomainView) -> None:
    kept = view.users != view.users[0]
    columns = {
        name: getattr(view, name)[kept]
        for name in ("users", "items", "times", "ratings", "reviews")
    }
    domain = embedder("id").embed(replace(view, **columns), seed=1)
    assert domain.users.norm(dim=1).max() <= 1
    assert torch.equal(domain.users[view.users[0]], torch.zeros(4))
    assert view.users[0] not in domain.known_users
    assert (domain.users[domain.known_users].norm(dim=1) > 0).all()
    # Dual learning moves the very tables that ratings are predicted from.
    assert domain.ratings.user_table is domain.users
    assert domain.ratings.item_table is domain.items


def test_ids_do_not_depend_on_features(task: Task, split: Split, view: DomainView) -> None:
    rich = training_data(DML, task, split, text="summary").target
    one, other = (embedder("id").embed(each, seed=1) for each in (rich, view))
    assert torch.equal(inputs(one), inputs(other))
