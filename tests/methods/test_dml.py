"""DML as a whole, on the planted pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchmark.data.splits import TRAIN, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.errors import BenchError
from benchmark.recommender import FloatArray, Pairs, Side
from methods.dml import DML
from methods.dml.dual import DualKind

SMALL = DML(epochs=3, autoencoder_steps=100)


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(DML, task, split, text="summary")


def held_out(task: Task, split: Split, side: Side) -> tuple[Pairs, FloatArray]:
    numbered, rows = task.side(side), np.flatnonzero(split.side(side).parts != TRAIN)
    return Pairs(numbered.users[rows], numbered.items[rows], side), numbered.ratings[rows]


def rmse(predicted: FloatArray, ratings: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - ratings) ** 2)))


def test_both_domains_are_predicted_better_than_by_their_means(
    data: TrainingData, task: Task, split: Split
) -> None:
    model = replace(SMALL, epochs=10, autoencoder_steps=500, lr=3e-3).fit(data, seed=1)
    for side in Side:
        pairs, ratings = held_out(task, split, side)
        mean = task.side(side).ratings[split.side(side).rows(TRAIN)].mean()
        trivial = rmse(np.full(len(pairs), mean), ratings)
        assert rmse(model.predict(pairs), ratings) < 0.95 * trivial


def test_ids_alone_predict_both_domains_better_than_their_means(
    data: TrainingData, task: Task, split: Split
) -> None:
    model = DML(embedding="id", dimension=8, epochs=10, lr=3e-3).fit(data, seed=1)
    for side in Side:
        pairs, ratings = held_out(task, split, side)
        mean = task.side(side).ratings[split.side(side).rows(TRAIN)].mean()
        trivial = rmse(np.full(len(pairs), mean), ratings)
        assert rmse(model.predict(pairs), ratings) < 0.97 * trivial


def mirrored_source(data: TrainingData) -> TrainingData:
    source = replace(data.source, ratings=sum(data.source.scale) - data.source.ratings)
    return replace(data, source=source)


def test_without_dual_learning_the_sources_ratings_cannot_matter(
    data: TrainingData, task: Task, split: Split
) -> None:
    pairs, _ = held_out(task, split, Side.TARGET)
    alone = replace(SMALL, dual="off")
    clean, poisoned = (alone.fit(d, seed=1).predict(pairs) for d in (data, mirrored_source(data)))
    assert_array_equal(clean, poisoned)


@pytest.mark.parametrize("dual", ["swap", "same"])
def test_with_dual_learning_the_sources_ratings_matter(
    dual: str, data: TrainingData, task: Task, split: Split
) -> None:
    pairs, _ = held_out(task, split, Side.TARGET)
    model = replace(SMALL, dual=dual)
    clean, poisoned = (model.fit(d, seed=1).predict(pairs) for d in (data, mirrored_source(data)))
    assert np.abs(clean - poisoned).max() > 0.01


def test_the_averaged_score_weighs_own_and_transferred_ratings(
    data: TrainingData, task: Task, split: Split
) -> None:
    own = replace(SMALL, alpha=0.25).fit(data, seed=1)
    averaged = replace(own, score="averaged").fit(data, seed=1)
    transferred = replace(own, score="averaged").fit(data, seed=1)
    transferred.alpha = 1.0
    for side in Side:
        pairs, _ = held_out(task, split, side)
        assert_allclose(
            averaged.predict(pairs),
            0.75 * own.predict(pairs) + 0.25 * transferred.predict(pairs),
            rtol=1e-5,
        )


def test_with_no_shared_users_the_map_is_the_identity_and_dual_learning_runs(
    data: TrainingData,
) -> None:
    model = SMALL.fit(replace(data, shared_users=data.shared_users[:0]), seed=1)
    assert_array_equal(model.map_, np.eye(16))
    assert model.facts_["overlap users"] == 0
    assert len(model.history_["L_A*"]) == 3


def test_shared_users_without_training_rows_do_not_count(data: TrainingData) -> None:
    bare = replace(data, source=replace(data.source, user_features=None))
    shared = data.shared_users[0]
    kept = data.source.users != shared[0]
    source = replace(
        bare.source,
        **{
            column: getattr(bare.source, column)[kept]
            for column in ("users", "items", "times", "ratings", "reviews")
        },
    )
    before = SMALL.fit(bare, seed=1).facts_["overlap users"]
    assert SMALL.fit(replace(bare, source=source), seed=1).facts_["overlap users"] == before - 1


def test_the_map_is_orthogonal_in_the_end(data: TrainingData) -> None:
    model = SMALL.fit(data, seed=1)
    assert_allclose(model.map_ @ model.map_.T, np.eye(16), atol=1e-6)
    assert max(model.history_["||XX^T - I||"]) < 1e-6


def test_facts_tell_of_overlap_map_and_epochs(data: TrainingData) -> None:
    model = SMALL.fit(data, seed=1)
    residual = model.facts_.pop("map residual")
    assert residual == model.history_["L_o"][-1]
    assert model.facts_ == {"overlap users": 60, "epochs": 3, "converged": "no"}
    assert replace(SMALL, tolerance=np.inf).fit(data, seed=1).facts_["converged"] == "yes"


def test_an_unknown_kind_of_map_is_named_with_its_nearest() -> None:
    with pytest.raises(BenchError, match=r"dml: map = 'procrustus' .* 'procrustes'"):
        DML(map="procrustus")  # type: ignore[arg-type]


def test_folds_of_features_are_refused_where_there_are_none() -> None:
    with pytest.raises(BenchError, match="folds = 5 needs features"):
        DML(embedding="id", folds=5)


@pytest.mark.parametrize("dual", ["off", "one-way"])
def test_averaging_without_dual_learning_is_refused(dual: DualKind) -> None:
    with pytest.raises(BenchError, match="needs a network that has rated mapped users"):
        DML(dual=dual, score="averaged")
