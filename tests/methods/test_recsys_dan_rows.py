"""RecSys-DAN: the rows of its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dan_cases import UNIMODAL, both, named_rows, planted, rmse, training_of
from numpy.testing import assert_array_equal

from benchmark.data.splits import TEST, TRAIN, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import Pairs, Side
from methods.recsys_dan.source_only import MultimodalSourceOnly, SourceOnly
from methods.recsys_dan.ui_dan import UIDAN

GAME: dict[str, Any] = {**UNIMODAL, "discriminator_width": 32}


@pytest.fixture(scope="module")
def task() -> Task:
    return planted()


@pytest.fixture(scope="module")
def data(task: Task) -> TrainingData:
    return training_of(task)


def test_source_only_is_ui_dan_before_adaptation(task: Task, data: TrainingData) -> None:
    pairs = Pairs(task.target.users, task.target.items)
    plain = SourceOnly(**UNIMODAL).fit(data, seed=2)
    unadapted = UIDAN(**GAME, epochs=0).fit(data, seed=2)
    assert_array_equal(plain.predict(pairs), unadapted.predict(pairs))
    adapted = UIDAN(**GAME, epochs=1).fit(data, seed=2)
    assert not np.array_equal(plain.predict(pairs), adapted.predict(pairs))
    source = Pairs(task.source.users, task.source.items, Side.SOURCE)
    assert_array_equal(plain.embed(source), adapted.embed(source))


@pytest.mark.slow
def test_source_only_beats_the_targets_mean_without_a_target_rating() -> None:
    """Source and target reviews mean the same here, so the source's model transfers as it is."""
    pair = planted_pair(Planted())
    task = make_task("planted", pair.source, pair.target)
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    model = SourceOnly(
        embedding=32, lstm_width=32, interaction_width=64, max_words=60, pretrain_epochs=15
    ).fit(training_data(SourceOnly, task, split, text="summary"), seed=1)
    train, test = split.target.rows(TRAIN), split.target.rows(TEST)
    ratings = task.target.ratings
    predicted = model.predict(Pairs(task.target.users[test], task.target.items[test]))
    assert rmse(predicted, ratings[test]) < 0.96 * rmse(ratings[train].mean(), ratings[test])


def test_curves_carry_the_names_of_figure_4(data: TrainingData) -> None:
    history = UIDAN(**GAME, epochs=3).fit(data, seed=2).history_
    for curve in ("Df accuracy", "Df loss", "Gf loss"):
        assert len(history[curve]) == 3


def test_what_was_read_is_told_in_the_words_of_table_v() -> None:
    reviews = np.array(["Great, great strings!", "great buzz", None, "great"], dtype=object)
    view = replace(
        named_rows(4),
        users=np.array([0, 0, 1, 2]),
        items=np.array([0, 1, 0, 0]),
        reviews=reviews,
    )
    # A word is known from two occurrences on; the same domain twice doubles them.
    model = SourceOnly(**{**UNIMODAL, "min_count": 3}).fit(both(view), seed=1)
    told = model.explain(Pairs(np.array([0, 1]), np.array([0, 1])))
    assert told == [
        {"user": "great great <UNK> great <UNK>", "item": "great great <UNK> great"},
        {"user": "<UNK>", "item": "great <UNK>"},
    ]


def test_images_are_not_told_in_words(task: Task) -> None:
    data = training_of(task, MultimodalSourceOnly)
    model = MultimodalSourceOnly(**MultimodalSourceOnly.smoke).fit(data, seed=1)
    (told,) = model.explain(Pairs(np.array([0]), np.array([3])))
    assert told["item"] == "(image)"


def test_weights_are_those_of_figure_7(data: TrainingData) -> None:
    model = UIDAN(**{**GAME, "epochs": 0}).fit(data, seed=2)
    assert {name: w.shape for name, w in model.weights_.items()} == {
        "source": (32, 32),
        "target": (32, 32),
        "control": (32, 32),
    }
    assert_array_equal(model.weights_["source"], model.weights_["target"])
    adapted = UIDAN(**{**GAME, "epochs": 2}).fit(data, seed=2)
    assert_array_equal(adapted.weights_["source"], model.weights_["source"])
    assert_array_equal(adapted.weights_["control"], model.weights_["control"])

    def likeness(name: str) -> float:
        return float(
            np.corrcoef(adapted.weights_["source"].ravel(), adapted.weights_[name].ravel())[0, 1]
        )

    # M^t starts as M^s; what has never been trained has nothing of it.
    assert likeness("target") > 0.9 > 0.2 > abs(likeness("control"))
