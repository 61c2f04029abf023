"""HFT against Cornac's: objective and gradient at a point, and the error on the same split."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from baselines.hft import HFT
from baselines.hidden_topics import Counts, Objective
from benchmark.data.splits import TEST, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import make_task
from benchmark.data.text import tokenize
from benchmark.data.views import DomainView, training_data
from benchmark.recommender import FloatArray, Pairs

N_USERS, N_ITEMS, N_WORDS, K = 7, 5, 11, 3


def test_objective_and_gradient_are_cornac_s(cornac: ModuleType) -> None:
    from cornac.models.hft.hft import Model

    rng = np.random.default_rng(1)
    rows = np.array([(u, i) for u in range(N_USERS) for i in range(N_ITEMS) if rng.random() < 0.6])
    users, items = rows.T
    ratings = rng.uniform(1, 5, len(rows))
    objective = Objective(users, items, ratings, (N_USERS, N_ITEMS, N_WORDS), K, 0.3, 0.7)
    vector, background = rng.normal(size=objective.size), rng.normal(size=N_WORDS)
    tokens = rng.integers((N_ITEMS, N_WORDS, K), size=(200, 3))
    counts = Counts(np.zeros((N_ITEMS, K)), np.zeros((N_WORDS, K)))
    np.add.at(counts.items, (tokens[:, 0], tokens[:, 2]), 1)
    np.add.at(counts.words, (tokens[:, 1], tokens[:, 2]), 1)

    zeros = {"alpha": 0.0, "beta_u": 0.0, "beta_i": 0.0}
    start = {"gamma_u": np.zeros((N_USERS, K)), "gamma_i": np.zeros((N_ITEMS, K))}
    theirs = Model(N_USERS, N_ITEMS, N_WORDS, **zeros, **start, k=K, lambda_text=0.7, l2_reg=0.3)
    theirs.item_topic_cnt, theirs.word_topic_cnt = counts
    theirs.item_word = counts.items.sum(axis=1, keepdims=True)
    theirs.topic_cnt = counts.words.sum(axis=0, keepdims=True)
    theirs.background_word = background[:, None]
    # Cornac evaluates the topics of items where its last draw was; put at the same point, it is
    # the function that HFT's paper states.
    _, theirs.kappa, _, _, _, theirs.gamma_i, _ = theirs._get_view(vector)
    by_user = [np.flatnonzero(users == u) for u in range(N_USERS)]
    by_item = [np.flatnonzero(items == i) for i in range(N_ITEMS)]
    value, gradient = theirs._func(
        vector,
        ([items[rows] for rows in by_user], [ratings[rows] for rows in by_user]),
        ([users[rows] for rows in by_item], [ratings[rows] for rows in by_item]),
    )
    ours_value, ours_gradient = objective(vector, counts, background)
    assert ours_value == pytest.approx(value, rel=1e-12)
    assert_allclose(ours_gradient, gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
# Cornac's weights of words may overflow and do no harm to its factors.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_the_error_is_not_above_cornac_s_though_a_tenth_of_the_rows_is_held_out(
    cornac: ModuleType,
) -> None:
    pair = planted_pair(Planted((200, 200), (60, 60), (24, 24), shared_users=200, noise=0.3))
    task = make_task("planted", pair.source, pair.target)
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    data = training_data(HFT, task, split, text="summary")
    view, domain = data.target, task.target
    rows = split.target.rows(TEST)
    known = np.isin(domain.users[rows], view.users) & np.isin(domain.items[rows], view.items)
    rows = rows[known]
    pairs, truth = Pairs(domain.users[rows], domain.items[rows]), domain.ratings[rows]
    dataset = _with_documents(cornac, view)

    def error(predicted: FloatArray) -> float:
        return float(np.sqrt(np.mean((predicted - truth) ** 2)))

    ours, theirs = [], []
    for seed in (1, 2, 3):
        fitted = HFT(factors=5, latent_reg=1.0, text_weight=0.1, rounds=3, gradient_steps=30)
        ours.append(error(fitted.fit(data, seed=seed).predict(pairs)))
        model = cornac.models.HFT(
            k=5,
            l2_reg=1.0,
            lambda_text=0.1,
            max_iter=3,
            grad_iter=30,
            vocab_size=dataset.item_text.vocab.size,
            seed=seed,
            verbose=False,
        ).fit(dataset)
        scores = [
            model.score(dataset.uid_map[user], dataset.iid_map[item])
            for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
        ]
        theirs.append(error(np.array(scores)))
    assert np.mean(ours) <= np.mean(theirs)
    assert np.mean(theirs) < truth.std()


def _with_documents(cornac: ModuleType, view: DomainView) -> Any:
    """Cornac's form of the training rows, the reviews of an item side by side."""
    documents: dict[int, list[str]] = {}
    for item, review in zip(view.items.tolist(), view.reviews, strict=True):
        documents.setdefault(item, []).extend(tokenize(review or ""))
    triplets = zip(view.users.tolist(), view.items.tolist(), view.ratings.tolist(), strict=True)
    dataset = cornac.data.Dataset.from_uir(list(triplets))
    text = cornac.data.TextModality(
        corpus=[" ".join(words) for words in documents.values()], ids=list(documents)
    )
    text.build(id_map=dataset.iid_map)
    dataset.add_modalities(item_text=text)
    return dataset
