"""RecSys-DAN: every switch does what it says, and nothing else can be switched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dan_cases import corpus_of, generators_of, planted, training_of
from numpy.testing import assert_array_equal

from benchmark.data.task import Task
from benchmark.data.views import TrainingData
from benchmark.errors import BenchError
from benchmark.recommender import Pairs
from methods.recsys_dan.fine_tuned import HDAN
from methods.recsys_dan.ui_dan import UIDAN, MultimodalUIDAN


@pytest.fixture(scope="module")
def task() -> Task:
    return planted()


@pytest.fixture(scope="module")
def data(task: Task) -> TrainingData:
    return training_of(task)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("adapt", "u", r"h-dan: adapt = 'u': input should be 'all' or 'f'"),
        ("loss", "wasserstein", "input should be 'inverted' or 'saturating'"),
        ("optimizer", "sgd", "input should be 'adadelta', 'adadelta-literal' or 'adam'"),
        ("epoch", 3, "input should be 'zipped' or 'nested'"),
        ("stopping", "never", "input should be 'fixed' or 'equilibrium'"),
        ("start", "target", "input should be 'source' or 'untrained'"),
        ("activation", "gelu", "input should be 'linear' or 'relu'"),
        ("own_review", "yes", "valid boolean"),
        ("source_dropout", 1, "valid boolean"),
        ("tie_embeddings", None, "valid boolean"),
        ("dropout", 1.0, "less than 1"),
        ("held_out", 0.0, "greater than 0"),
        ("max_words", 0, "greater than or equal to 1"),
        ("batch_size", 2.5, "valid integer"),
        ("epochs", -1, "greater than or equal to 0"),
        ("penalty", -0.1, "greater than or equal to 0"),
        ("fine_tuning_factor", 0, "greater than 0"),
        ("snapshot_epochs", [0, -5], "greater than or equal to 0"),
        ("snapshot_epochs", 50, "instance of sequence"),
    ],
)
def test_a_setting_that_does_not_exist_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(BenchError, match=message) as refused:
        HDAN(**{field: value})
    assert f"h-dan: {field} = {value!r}" in str(refused.value)


def test_settings_may_come_from_toml() -> None:
    HDAN(snapshot_epochs=[0, 10], penalty=0, dropout=0)
    MultimodalUIDAN(image_channels=[4, 8])


SWITCHES: list[dict[str, Any]] = [
    {"adapt": "f"},
    {"loss": "saturating"},
    {"optimizer": "adam"},
    {"optimizer": "adadelta-literal"},
    {"epoch": "nested"},
    {"source_dropout": False},
    {"own_review": False},
    {"tie_embeddings": True},
    {"activation": "relu"},
    {"start": "untrained"},
    {"penalty": 0.1},
    {"min_count": 20},
]


@pytest.fixture(scope="module")
def defaults(task: Task, data: TrainingData) -> Any:
    return predictions({}, task, data)


def predictions(settings: dict[str, Any], task: Task, data: TrainingData) -> Any:
    model = UIDAN(**{**UIDAN.smoke, "batch_size": 100, "epochs": 2, **settings}).fit(data, seed=1)
    return model.predict(Pairs(task.target.users, task.target.items))


@pytest.mark.parametrize("switch", SWITCHES, ids=[str(switch) for switch in SWITCHES])
def test_every_switch_matters_and_leaves_ratings_finite(
    switch: dict[str, Any], task: Task, data: TrainingData, defaults: Any
) -> None:
    flipped = predictions(switch, task, data)
    assert np.isfinite(flipped).all()
    assert not np.array_equal(flipped, defaults)


def test_tied_words_are_one_table(data: TrainingData) -> None:
    corpus = corpus_of(data)
    for tied in (True, False):
        generators = generators_of(corpus, tie_embeddings=tied)
        assert (generators.user.embedding is generators.item.embedding) == tied


def test_an_equilibrium_ends_the_game_and_only_it(data: TrainingData) -> None:
    settings = {**UIDAN.smoke, "epochs": 12, "stopping": "equilibrium", "settled": 3}
    at_once = UIDAN(**{**settings, "tolerance": 0.499}).fit(data, seed=1)
    assert at_once.facts_["adversarial epochs"] == 3
    never = UIDAN(**{**settings, "tolerance": 1e-9}).fit(data, seed=1)
    assert never.facts_["adversarial epochs"] == 12
    accuracies = never.history_["Df held-out accuracy"]
    assert len(accuracies) == 12
    for k in range(3, 12):
        assert abs(np.mean(accuracies[k - 3 : k]) - 0.5) > 1e-9


def test_snapshots_are_of_the_epochs_asked_for(task: Task, data: TrainingData) -> None:
    settings = {**UIDAN.smoke, "batch_size": 100, "epochs": 3, "snapshot_epochs": [0, 2, 3, 50]}
    model = UIDAN(**settings).fit(data, seed=1)
    pairs = Pairs(task.target.users, task.target.items)
    assert [*model.snapshots_] == [0, 2, 3]
    assert_array_equal(model.snapshots_[3].embed(pairs), model.embed(pairs))
    shorter = UIDAN(**{**settings, "epochs": 2}).fit(data, seed=1)
    assert_array_equal(model.snapshots_[2].embed(pairs), shorter.embed(pairs))
    unadapted = UIDAN(**{**settings, "epochs": 0}).fit(data, seed=1)
    assert_array_equal(model.snapshots_[0].embed(pairs), unadapted.embed(pairs))
