"""HFT against Cornac's on Musical Instruments: the time to the same value of the objective.

Both read the same ratings, each item's distinct words (Cornac counts none twice) and settings;
Cornac's parameters are put into our objective with the topics they were fitted to. Times are of a
whole fit each, the reading of the text included in ours only.

    .venv/bin/pip install -e '.[oracles]'
    OMP_NUM_THREADS=1 .venv/bin/python scripts/measure/hft.py DATA_FOLDER --rounds 2
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from cornac.models.hft.hft import Model

from baselines.hft import HFT
from baselines.hidden_topics import Counts, Objective
from benchmark.data.catalog import Places, load
from benchmark.data.splits import split_task
from benchmark.data.task import make_task
from benchmark.data.text import Vocabulary
from benchmark.data.views import DomainView, TrainingData, training_data

K, GRADIENT_STEPS, N_WORDS = 10, 50, 5000


def music(folder: Path) -> TrainingData:
    """The training rows, with the distinct words of an item's reviews at its first row."""
    with TemporaryDirectory() as cache:
        places = Places(folder, Path(cache))
        domain = load("amazon2014-5core/musical-instruments", places)
        task = make_task("music", domain, domain)
    split = split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)
    data = training_data(HFT, task, split, text="reviewText")
    view = data.target
    vocabulary = Vocabulary(Vocabulary.of(view.reviews, min_count=1).words[:N_WORDS])
    reviews: Any = np.full(len(view.items), None, dtype=object)
    for item in np.unique(view.items):
        rows = np.flatnonzero(view.items == item)
        words = np.unique(vocabulary.encode(view.reviews[rows]).words)
        reviews[rows[0]] = " ".join(vocabulary.words[word - 2] for word in words if word >= 2)
    return replace(data, target=replace(view, reviews=reviews))


def cornac(view: DomainView, rounds: int, l2: float, text_weight: float) -> tuple[float, float]:
    """Seconds, and our objective at Cornac's parameters."""
    words = Vocabulary.of(view.reviews, min_count=1)
    texts = words.encode(view.reviews)
    n_words = len(words.words)
    documents: list[Any] = [np.empty(0, dtype=np.int64)] * view.n_items
    for row in np.flatnonzero(np.diff(texts.starts)):
        documents[view.items[row]] = texts.words[texts.starts[row] : texts.starts[row + 1]] - 2
    by_user = [np.flatnonzero(view.users == user) for user in range(view.n_users)]
    by_item = [np.flatnonzero(view.items == item) for item in range(view.n_items)]
    ratings = (
        ([view.items[rows] for rows in by_user], [view.ratings[rows] for rows in by_user]),
        ([view.users[rows] for rows in by_item], [view.ratings[rows] for rows in by_item]),
    )
    np.random.seed(1)  # noqa: NPY002 (Cornac draws topics from the global generator.)
    rng = np.random.default_rng(1)
    model = Model(
        view.n_users,
        view.n_items,
        n_words,
        view.ratings.mean(),
        np.zeros(view.n_users),
        np.zeros(view.n_items),
        rng.normal(0, 0.01, (view.n_users, K)),
        rng.normal(0, 0.01, (view.n_items, K)),
        K,
        text_weight,
        l2,
        rounds,
        GRADIENT_STEPS,
    )
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Its weights of words may overflow.
        model.init_count(documents)
        for _ in range(rounds):
            model.assign_word_topics(documents)
            model.update_params(ratings)
    seconds = time.perf_counter() - started
    sizes = (view.n_users, view.n_items, n_words)
    objective = Objective(view.users, view.items, view.ratings, sizes, K, l2, text_weight)
    counts = Counts(model.item_topic_cnt.astype(float), model.word_topic_cnt.astype(float))
    return seconds, objective(model.params, counts, model.background_word.ravel())[0]


def main() -> None:
    """Print both sides and the ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="the folder of data, with amazon2014/")
    arguments.add_argument("--rounds", type=int, default=2, help="of Cornac's, and ours at least")
    arguments.add_argument("--l2", type=float, default=1e-3, help="Cornac's default is 0.001")
    arguments.add_argument("--text-weight", type=float, default=0.1)
    chosen = arguments.parse_args()
    data = music(chosen.folder)
    theirs, value = cornac(data.target, chosen.rounds, chosen.l2, chosen.text_weight)
    print(f"Cornac: {chosen.rounds} rounds, {theirs:.1f} s, objective {value:,.0f}")
    rounds, reached = 0, np.inf
    while rounds < chosen.rounds or reached > value:
        rounds += 1
        model = HFT(
            factors=K,
            latent_reg=chosen.l2,
            text_weight=chosen.text_weight,
            rounds=rounds,
            gradient_steps=GRADIENT_STEPS,
            held_out=0.0,  # One row is held out all the same.
        )
        started = time.perf_counter()
        reached = model.fit(data, seed=1).history_["objective"][-1]
        ours = time.perf_counter() - started
        print(f"ours: {rounds} rounds, {ours:.2f} s, objective {reached:,.0f}")
    per_round = theirs / chosen.rounds / (ours / rounds)
    print(f"a round is {per_round:.0f} times faster, the same objective {theirs / ours:.0f} times")


if __name__ == "__main__":
    main()
