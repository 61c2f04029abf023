"""KNN, NMF and SVD++ against scikit-surprise called in its own way, on Musical Instruments.

Both get the same training rows as arrays and rate the same test pairs; runs alternate, and the
medians are compared. What ours adds may cost 10 % at most.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/measure/surprise_overhead.py DATA_FOLDER --runs 41
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import surprise

from baselines.knn import KNN
from baselines.nmf import NMF
from baselines.svdpp import SVDpp
from benchmark.data.catalog import Places, load
from benchmark.data.splits import TEST, split_task
from benchmark.data.task import make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import Pairs, Recommender

SAME: list[tuple[Callable[[], Recommender], Callable[[], Any]]] = [
    (KNN, lambda: surprise.KNNBasic(verbose=False)),
    (lambda: NMF(biased=False), lambda: surprise.NMF(random_state=1)),
    (SVDpp, lambda: surprise.SVDpp(random_state=1)),
]


def ours(model: Recommender, data: TrainingData, pairs: Pairs) -> float:
    """Seconds to fit and to rate the pairs."""
    started = time.perf_counter()
    model.fit(data, seed=1).predict(pairs)
    return time.perf_counter() - started


def library(model: Any, data: TrainingData, pairs: Pairs) -> float:
    """The same by way of a data frame, a reader and one prediction a pair."""
    started = time.perf_counter()
    view = data.target
    frame = pd.DataFrame({"user": view.users, "item": view.items, "rating": view.ratings})
    reader = surprise.Reader(rating_scale=view.scale)
    model.fit(surprise.Dataset.load_from_df(frame, reader).build_full_trainset())
    for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True):
        model.predict(user, item)
    return time.perf_counter() - started


def main() -> None:
    """Print the medians and their ratio for each method."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="the folder of data, with amazon2014/")
    arguments.add_argument("--runs", type=int, default=41)
    chosen = arguments.parse_args()
    with TemporaryDirectory() as cache:
        places = Places(chosen.folder, Path(cache))
        domain = load("amazon2014-5core/musical-instruments", places)
        task = make_task("music", domain, domain)
    split = split_task(domain, domain, "80/10/10", seed=1)
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    for make, make_library in SAME:
        data = training_data(type(make()), task, split, text="summary")
        times = [
            (ours(make(), data, pairs), library(make_library(), data, pairs))
            for _ in range(chosen.runs)
        ]
        mine, theirs = (median(column) for column in zip(*times, strict=True))
        print(f"{make().name}: ours {mine:.3f} s, library {theirs:.3f} s, {mine / theirs:.2f}")


if __name__ == "__main__":
    main()
