"""RecSys-DAN: supervised learning in the source."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from dan_cases import SIZES, corpus_of, generators_of, planted, pretrained, rmse, training_of
from hypothesis import given
from hypothesis import strategies as st

from methods.recsys_dan.optimizers import optimizer_of
from methods.recsys_dan.pretraining import SourceModel, batches, pretrain
from methods.recsys_dan.samples import Corpus


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of(training_of(planted()), min_count=5)


def test_pre_training_learns_and_keeps_its_best_epoch(corpus: Corpus) -> None:
    model, curves = pretrained(corpus, epochs=8)
    errors = curves["source held-out RMSE"]
    assert curves["source training RMSE"][-1] < 0.6 * curves["source training RMSE"][0]
    model.eval()
    with torch.no_grad():
        predicted = model(corpus.held_out, np.arange(len(corpus.held_out))).double().numpy()
    assert rmse(predicted, corpus.held_out.ratings) == pytest.approx(min(errors))


def test_pre_training_stops_when_patience_is_over(corpus: Corpus) -> None:
    frozen = SourceModel(generators_of(corpus), SIZES["interaction_width"])
    curves = pretrain(
        frozen,
        replace(corpus.source, ratings=np.full(len(corpus.source), 1e6)),
        corpus.held_out,
        optimizer="adadelta",
        penalty=0.0,
        batch_size=2000,
        max_epochs=9,
        patience=2,
        rng=np.random.default_rng(0),
    )
    errors = curves["source held-out RMSE"]
    assert len(errors) == int(np.argmin(errors)) + 1 + 2 < 9


def test_the_penalty_shrinks_the_weights(corpus: Corpus) -> None:
    norms = []
    for penalty in (0.0, 1.0):
        model = SourceModel(generators_of(corpus), SIZES["interaction_width"])
        pretrain(
            model,
            corpus.source,
            corpus.held_out,
            optimizer="adam",
            penalty=penalty,
            batch_size=1000,
            max_epochs=2,
            patience=10,
            rng=np.random.default_rng(0),
        )
        norms.append(sum(float(w.detach().square().sum()) for w in model.parameters()))
    assert norms[1] < norms[0]


@given(st.integers(1, 30), st.integers(1, 12))
def test_an_epoch_sees_every_row_once(n: int, size: int) -> None:
    drawn = list(batches(n, size, np.random.default_rng(0)))
    assert sorted(np.concatenate(drawn)) == list(range(n))
    assert {len(rows) for rows in drawn[:-1]} <= {size}


def test_literal_adadelta_steps_ten_thousand_times_shorter() -> None:
    steps = {}
    for name in ("adadelta", "adadelta-literal"):
        weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        updater = optimizer_of(name, [weight])  # type: ignore[arg-type]
        weight.grad = torch.ones_like(weight)
        updater.step()
        steps[name] = -weight.item()
    # Zeiler's first step: sqrt(eps) / sqrt((1 - rho) g^2 + eps) * g.
    assert steps["adadelta"] == pytest.approx(1e-3 / math.sqrt(0.05 + 1e-6), rel=1e-6)
    assert steps["adadelta-literal"] == pytest.approx(1e-4 * steps["adadelta"], rel=1e-6)
