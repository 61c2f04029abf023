"""CCCFNet against its sum written out, what it takes for attributes, and planted pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from baselines.attributes import table_attributes, user_attributes
from baselines.cccfnet import CCCFNet
from baselines.content_boosted import ContentBoosted
from benchmark.data.splits import TEST, TRAIN, DomainSplit, Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs

Training = Callable[..., TrainingData]


def network(*, content: bool) -> ContentBoosted:
    """Five users, four and three items; the second domain has attributes if ``content``."""
    torch.manual_seed(3)
    rng = np.random.default_rng(1)
    users, items = (
        sparse.csr_matrix(rng.normal(size=shape).astype(np.float32)) for shape in ((5, 6), (3, 7))
    )
    net = ContentBoosted(
        5, (4, 3), users if content else None, (None, items if content else None), 2, 8
    )
    for weight in net.parameters():
        torch.nn.init.normal_(weight)
    return net


def written_out(net: ContentBoosted, domain: int) -> FloatArray:
    """All scores of a domain, by the paper's formula on numpy arrays."""
    weights = {name: weight.detach().numpy() for name, weight in net.named_parameters()}
    users, items = weights["users.weight"], weights[f"items.{domain}.weight"]
    scores = np.empty((len(users), len(items)))
    for u, i in np.ndindex(scores.shape):
        scores[u, i] = np.append(users[u], 1) @ np.append(1, items[i])
    if f"items {domain}" not in net.content:
        return scores

    def tower(name: str) -> FloatArray:
        x = net.content[name].attributes.toarray() @ weights[f"content.{name}.embeddings.weight"]
        w1, b1, w2, b2 = (
            weights[f"content.{name}.layers.{part}"]
            for part in ("0.weight", "0.bias", "2.weight", "2.bias")
        )
        return np.asarray(np.tanh(x @ w1.T + b1) @ w2.T + b2)

    return np.asarray(scores + tower("users") @ tower("items 1").T)


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("domain", [0, 1])
def test_the_score_is_that_of_factors_and_of_attributes(domain: int, *, content: bool) -> None:
    net = network(content=content)
    expected = written_out(net, domain)
    u, i = np.divmod(np.arange(expected.size), expected.shape[1])
    with torch.inference_mode():
        x, y = net(domain, torch.from_numpy(u), torch.from_numpy(i))
    assert_allclose((x * y).sum(dim=1), expected.ravel(), rtol=1e-4, atol=1e-5)
    users, items = net.tables(domain)
    assert_allclose(users @ items.T, expected, rtol=1e-4, atol=1e-5)


def test_numbers_are_standardised_texts_are_words_and_what_is_missing_is_nil() -> None:
    table = pd.DataFrame(
        {
            "price": [1.0, 3.0, np.nan],
            "brand": ["red house", None, "house"],
            "flag": [2, 2, 2],
        }
    )
    attributes = table_attributes(table)
    assert attributes is not None
    dense = attributes.toarray()
    assert_allclose(dense[:, 0], [-1, 1, 0])
    words = dense[:, 1:-1]
    assert_array_equal((words != 0).sum(axis=1), [2, 0, 1])
    assert words[0] @ words[2] == pytest.approx(0.5**0.5)
    assert not dense[:, -1].any()
    assert table_attributes(None) is None


def test_users_without_a_table_are_what_they_have_rated(training: Training) -> None:
    view = training([(0, 0, 5.0), (0, 2, 1.0), (2, 1, 3.0)]).target
    assert user_attributes(view) is None
    table = pd.DataFrame({"price": [1.0, 2.0, 3.0], "genre": ["jazz", "rock", "jazz"]})
    attributes = user_attributes(replace(view, item_features=table))
    assert attributes is not None
    items = table_attributes(table)
    assert items is not None
    rows = items.toarray()
    assert_allclose(attributes.toarray(), [(rows[0] + rows[2]) / 2, 0 * rows[0], rows[1]])


@pytest.fixture(scope="module")
def transferable() -> Task:
    """All users are shared, with many ratings in the source and few in the target."""
    planted = Planted((200, 200), (80, 80), (30, 10), shared_users=200, noise=0.3)
    pair = planted_pair(planted)
    return make_task("transferable", pair.source, pair.target)


def rmse(task: Task, new: FloatArray) -> float:
    """The error on the target's rows ``new``, none of which is trained on."""
    whole = split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)
    parts = np.where(new, TEST, TRAIN).astype(np.int8)
    data = training_data(
        CCCFNet, task, Split(whole.source, DomainSplit(parts, "new")), text="summary"
    )
    pairs = Pairs(task.target.users[new], task.target.items[new])
    model = CCCFNet(lr=1e-2, epochs=20).fit(data, seed=1)
    return float(np.sqrt(np.mean((model.predict(pairs) - task.target.ratings[new]) ** 2)))


def without_features(task: Task) -> Task:
    source, target = (
        replace(side, domain=replace(side.domain, users=None, items=None))
        for side in (task.source, task.target)
    )
    return replace(task, source=source, target=target)


def test_users_without_target_ratings_are_known_from_the_source(transferable: Task) -> None:
    bare = without_features(transferable)
    nobody = replace(bare, shared_users=np.empty((0, 2), dtype=np.int64))
    new = bare.target.users < 40
    assert rmse(bare, new) < 0.95 * rmse(nobody, new)


def test_items_without_ratings_are_known_from_their_attributes(transferable: Task) -> None:
    new = transferable.target.items < 15
    assert rmse(transferable, new) < 0.9 * rmse(without_features(transferable), new)


def test_a_shared_user_is_one_in_both_domains(training: Training) -> None:
    rows = [(u, i, float(1 + (u + i) % 5)) for u in range(6) for i in range(5)]
    data = training(rows, rows, shared_users=[(2, 0)])
    model = CCCFNet(epochs=2).fit(data, seed=1)
    source, target = model.row_of_user_
    assert source[2] == target[0]
    assert_array_equal(*(model.tables_[d][0][source[2]] for d in (0, 1)))
