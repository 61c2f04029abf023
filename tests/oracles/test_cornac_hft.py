"""HFT against Cornac's: objective and gradient at a point, and the error on the same split."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose

from baselines.hft import HFT
from baselines.hidden_topics import Counts, Objective
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.text import tokenize
from benchmark.data.views import training_data
from benchmark.recommender import Pairs

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
def test_the_error_is_within_five_percent_of_cornac_s(
    cornac: ModuleType, task: Task, split: Split
) -> None:
    view = training_data(HFT, task, split, text="summary").target
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
    settings = {"lambda_text": 0.1, "l2_reg": 1.0, "max_iter": 3, "grad_iter": 30}
    theirs = cornac.models.HFT(
        k=5, **settings, vocab_size=text.vocab.size, seed=1, verbose=False
    ).fit(dataset)
    ours = HFT(factors=5, latent_reg=1.0, text_weight=0.1, rounds=3, gradient_steps=30).fit(
        training_data(HFT, task, split, text="summary"), seed=1
    )
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    known = np.isin(pairs.users, view.users) & np.isin(pairs.items, view.items)
    truth = task.target.ratings[rows][known]
    theirs_rated = [
        theirs.score(dataset.uid_map[user], dataset.iid_map[item])
        for user, item in zip(
            pairs.users[known].tolist(), pairs.items[known].tolist(), strict=True
        )
    ]
    errors = [
        np.sqrt(np.mean((rated - truth) ** 2))
        for rated in (ours.predict(pairs)[known], np.array(theirs_rated))
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.05)
