"""RecSys-DAN: its samples, its two stages, and what they learn on the planted pair."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmark.data.splits import TEST, TRAIN, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.text import UNK
from benchmark.data.views import DomainView, TrainingData, training_data
from benchmark.errors import NotApplicableError
from benchmark.recommender import Pairs, Side
from methods.recsys_dan import adaptation
from methods.recsys_dan.adaptation import Game, adapt
from methods.recsys_dan.networks import Generators, Interaction, discriminator, encode, precoded
from methods.recsys_dan.optimizers import optimizer_of
from methods.recsys_dan.pretraining import SourceModel, batches, pretrain
from methods.recsys_dan.samples import Corpus, Samples, read_corpus
from methods.recsys_dan.scorer import Scorer
from methods.recsys_dan.source_only import SourceOnly
from methods.recsys_dan.ui_dan import UIDAN

SMALL: dict[str, Any] = {**SourceOnly.smoke}
SMALL_UI: dict[str, Any] = {**SMALL, "discriminator_width": 32}


@pytest.fixture(scope="module")
def task() -> Task:
    return planted(synonyms=0.0)


@pytest.fixture(scope="module")
def data(task: Task) -> TrainingData:
    return training_of(task)


@pytest.fixture(scope="module")
def corpus(data: TrainingData) -> Corpus:
    return corpus_of(data, min_count=5)


def planted(*, synonyms: float) -> Task:
    pair = planted_pair(
        Planted(
            users=(100, 80), items=(40, 30), shared_users=10, shared_items=5, synonyms=synonyms
        )
    )
    return make_task("planted", pair.source, pair.target)


def training_of(task: Task) -> TrainingData:
    split = split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)
    return training_data(SourceOnly, task, split, text="summary")


def corpus_of(data: TrainingData, *, min_count: int = 1, own_review: bool = True) -> Corpus:
    return read_corpus(
        data,
        min_count=min_count,
        max_words=20,
        own_review=own_review,
        held_out=0.1,
        rng=np.random.default_rng(0),
    )


def generators_of(corpus: Corpus, **changes: Any) -> Generators:
    torch.manual_seed(0)
    return SourceOnly(**(SMALL | changes))._generators(len(corpus.vocabulary))


def pretrained(corpus: Corpus, *, epochs: int) -> tuple[SourceModel, dict[str, list[float]]]:
    model = SourceModel(generators_of(corpus), SMALL["interaction_width"])
    curves = pretrain(
        model,
        corpus.source,
        corpus.held_out,
        optimizer="adadelta",
        penalty=0.0,
        batch_size=128,
        max_epochs=epochs,
        patience=10,
        rng=np.random.default_rng(0),
    )
    return model, curves


def rmse(predicted: Any, ratings: Any) -> float:
    return float(np.sqrt(np.mean((predicted - ratings) ** 2)))


# Samples


def named_rows(n: int = 20, unwritten: tuple[int, ...] = ()) -> DomainView:
    """A domain in which the review of row k is the word "rowk", or missing where unwritten."""
    reviews = [None if k in unwritten else f"row{k}" for k in range(n)]
    hidden: Any = None
    return DomainView(
        n_users=5,
        n_items=4,
        scale=(1, 5),
        users=np.arange(n) % 5,
        items=np.arange(n) % 4,
        times=np.arange(n),
        ratings=np.arange(n) % 5 + 1.0,
        reviews=np.array(reviews, dtype=object),
        item_images=hidden,
        has_image=hidden,
        user_features=hidden,
        item_features=hidden,
    )


def both(view: DomainView) -> TrainingData:
    nothing = np.empty((0, 2), dtype=np.int64)
    return TrainingData(view, view, nothing, nothing)


def spelled(documents: Any, corpus: Corpus) -> list[set[str]]:
    words = np.array(["", "<UNK>", *corpus.vocabulary.words], dtype=object)
    return [set(words[row]) - {""} for row in documents.tokens]


def rows_of(samples: Samples, view: DomainView) -> list[int]:
    """The rows that pairs stand for; a user, an item and a rating name one row of the twenty."""
    return [
        int(np.flatnonzero((view.users == user) & (view.items == item))[0])
        for user, item in zip(samples.users, samples.items, strict=True)
    ]


def test_held_out_reviews_are_in_no_document() -> None:
    view = named_rows()
    corpus = corpus_of(both(view))
    held, kept = rows_of(corpus.held_out, view), rows_of(corpus.source, view)
    assert sorted(held + kept) == list(range(20))
    assert len(held) == 2
    for documents in (corpus.source.user_inputs, corpus.source.item_inputs):
        assert set.union(*spelled(documents, corpus)) == {f"row{k}" for k in kept}


def test_a_pair_reads_its_own_review_unless_told_not_to() -> None:
    view = named_rows()
    with_own, without = (corpus_of(both(view), own_review=own) for own in (True, False))
    kept = rows_of(with_own.source, view)
    for k in range(len(kept)):
        for side in ("user", "item"):
            own = spelled(inputs_of(with_own.source, side, k), with_own)[0]
            other = spelled(inputs_of(without.source, side, k), without)[0]
            assert f"row{kept[k]}" in own
            assert other == (own - {f"row{kept[k]}"} or {"<UNK>"})


def inputs_of(samples: Samples, side: str, row: int) -> Any:
    positions = samples.users if side == "user" else samples.items
    return (samples.user_inputs if side == "user" else samples.item_inputs)[positions[[row]]]


def test_whole_documents_come_first_and_serve_prediction() -> None:
    view = named_rows()
    with_own, without = (corpus_of(both(view), own_review=own) for own in (True, False))
    first: Any = without.target.user_inputs[np.arange(5)]
    assert_array_equal(first.tokens, with_own.target.user_inputs[np.arange(5)].tokens)


def test_rows_without_text_are_left_out_and_counted() -> None:
    view = named_rows(unwritten=(0, 5, 10, 15, 3))
    corpus = corpus_of(both(view))
    assert len(corpus.target) == 15
    assert corpus.target.user_inputs[np.array([0])].tokens[0, 0] == UNK
    model = SourceOnly(**SMALL).fit(both(view), seed=1)
    assert model.facts_["source rows"] == 20
    assert model.facts_["source rows with text"] == 15
    assert model.facts_["target user documents"] == 4
    assert np.isfinite(model.predict(Pairs(np.arange(5), np.zeros(5, dtype=int)))).all()


def test_without_reviews_it_says_that_it_cannot_run() -> None:
    silent = named_rows(unwritten=tuple(range(20)))
    with pytest.raises(
        NotApplicableError, match="needs reviews in both domains; the source has 0"
    ):
        SourceOnly(**SMALL).fit(both(silent), seed=1)


# Networks and inference


def test_each_user_and_item_of_a_batch_is_encoded_once(corpus: Corpus) -> None:
    generators = generators_of(corpus).eval()
    encoded: list[int] = []
    generators.user.register_forward_hook(lambda _, inputs, __: encoded.append(len(inputs[0])))
    rows = np.array([5, 0, 5, 17, 0])
    together = generators(corpus.source, rows)
    assert encoded == [len(np.unique(corpus.source.users[rows]))]
    for position, row in enumerate(rows):
        torch.testing.assert_close(
            generators(corpus.source, np.array([row]))[0], together[position]
        )


def test_cached_codes_give_the_same_interactions(corpus: Corpus) -> None:
    generators = generators_of(corpus).eval()
    rows = np.arange(40)
    cached, samples = precoded(generators, corpus.target)
    torch.testing.assert_close(cached(samples, rows), generators(corpus.target, rows))
    assert {*cached.parameters()} == {*generators.interaction.parameters()}


def test_all_are_encoded_whatever_the_chunk(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    generators = generators_of(corpus)
    whole = encode(generators.user, corpus.target.user_inputs)
    assert len(whole) == len(corpus.target.user_inputs)
    monkeypatch.setattr("methods.recsys_dan.networks._CHUNK", 7)
    torch.testing.assert_close(encode(generators.user, corpus.target.user_inputs), whole)


def test_dropout_halves_in_training_only() -> None:
    interaction = Interaction(4, 64, dropout=0.5, activation="linear")
    codes = torch.ones(100, 2), torch.ones(100, 2)
    dropped = (interaction(*codes) == 0).float().mean()
    assert 0.4 < dropped < 0.6
    assert (interaction.eval()(*codes) != 0).all()


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_inference_is_the_source_model_without_dropout(corpus: Corpus, activation: Any) -> None:
    generators = generators_of(corpus, activation=activation)
    model = SourceModel(generators, SMALL["interaction_width"]).eval()
    scorer = Scorer.of(generators, model.scoring, corpus.source)
    rows = np.arange(50)
    pairs = Pairs(corpus.source.users[rows], corpus.source.items[rows])
    expected = model(corpus.source, rows).detach().double().numpy()
    np.testing.assert_allclose(scorer.score(pairs), expected, atol=1e-5)
    interactions = generators(corpus.source, rows).detach().double().numpy()
    np.testing.assert_allclose(scorer.embed(pairs), interactions, atol=1e-5)


@given(st.permutations(range(60)), st.lists(st.integers(0, 60), max_size=4), st.integers(1, 70))
def test_no_bit_depends_on_the_order_or_the_grouping(
    order: list[int], cuts: list[int], chunk: int
) -> None:
    rng = np.random.default_rng(0)
    users, items = (rng.normal(size=(9, 130)).astype(np.float32) for _ in range(2))
    weights = rng.normal(size=130).astype(np.float32)
    scorer = Scorer(users, items, "relu", weights, 0.5)
    pairs = Pairs(rng.integers(0, 9, 60), rng.integers(0, 9, 60))
    groups = np.split(np.array(order), sorted(cuts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("methods.recsys_dan.scorer._CHUNK", chunk)
        scored = [scorer.score(Pairs(pairs.users[g], pairs.items[g])) for g in groups]
    assert_array_equal(np.concatenate(scored), scorer.score(pairs)[order])


def test_a_linear_interaction_makes_ratings_a_sum_of_a_user_and_an_item(corpus: Corpus) -> None:
    """As printed, Gf and Gy are both linear: no pair can be rated other than by its two parts."""
    generators = generators_of(corpus)
    model = SourceModel(generators, SMALL["interaction_width"])
    scorer = Scorer.of(generators, model.scoring, corpus.target)
    table = scorer.score(Pairs(np.repeat([0, 1], 2), np.tile([0, 1], 2))).reshape(2, 2)
    assert table[0, 0] - table[0, 1] == pytest.approx(table[1, 0] - table[1, 1], abs=1e-6)


# Pre-training


def test_pre_training_learns_and_keeps_its_best_epoch(corpus: Corpus) -> None:
    model, curves = pretrained(corpus, epochs=8)
    errors = curves["source held-out RMSE"]
    assert curves["source training RMSE"][-1] < 0.6 * curves["source training RMSE"][0]
    model.eval()
    with torch.no_grad():
        predicted = model(corpus.held_out, np.arange(len(corpus.held_out))).double().numpy()
    assert rmse(predicted, corpus.held_out.ratings) == pytest.approx(min(errors))


def test_pre_training_stops_when_patience_is_over(corpus: Corpus) -> None:
    frozen = SourceModel(generators_of(corpus), SMALL["interaction_width"])
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
        model = SourceModel(generators_of(corpus), SMALL["interaction_width"])
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


# Adversarial adaptation

GAME = Game("all", "inverted", "zipped", 128, "adadelta", source_dropout=True)


def played(
    corpus: Corpus, epochs: int, *, rival: torch.nn.Module | None = None, **changes: Any
) -> tuple[Generators, Generators, list[dict[str, float]]]:
    """M^s, M^t and the curves after some epochs against a discriminator."""
    source_generators = generators_of(corpus)
    target_generators = copy.deepcopy(source_generators)
    rival = rival or discriminator(SMALL["interaction_width"], 32)
    epochs_of = adapt(
        source_generators,
        target_generators,
        corpus.source,
        corpus.target,
        rival,
        replace(GAME, **changes),
        np.random.default_rng(0),
    )
    return source_generators, target_generators, list(islice(epochs_of, epochs))


class Undecided(torch.nn.Module):
    """Gives both domains the same chance, whatever it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, interactions: torch.Tensor) -> torch.Tensor:
        logits = (interactions * self.nothing).sum(dim=1, keepdim=True) * torch.zeros(2)
        return logits.log_softmax(dim=1)


@pytest.mark.parametrize(
    ("loss", "expected"), [("inverted", math.log(2)), ("saturating", -math.log(2))]
)
def test_losses_at_equilibrium_are_those_of_the_equations(
    corpus: Corpus, loss: str, expected: float
) -> None:
    _, _, (curves,) = played(corpus, 1, rival=Undecided(), loss=loss)
    assert curves["Df loss"] == pytest.approx(2 * math.log(2))  # Eq. (5)
    assert curves["Gf loss"] == pytest.approx(expected)  # Eq. (6)
    assert curves["Df accuracy"] == pytest.approx(0.5)


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    pairs = zip(left.parameters(), right.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_source_is_fixed_and_all_of_the_target_learns(corpus: Corpus) -> None:
    source_generators, target_generators, _ = played(corpus, 1)
    assert same(source_generators, generators_of(corpus))
    for part in ("user", "item", "interaction"):
        assert not same(getattr(source_generators, part), getattr(target_generators, part)), part


def test_adapting_f_leaves_user_and_item_generators_alone(corpus: Corpus) -> None:
    source_generators, target_generators, _ = played(corpus, 1, adapt="f")
    assert same(source_generators.user, target_generators.user)
    assert same(source_generators.item, target_generators.item)
    assert not same(source_generators.interaction, target_generators.interaction)


@pytest.mark.parametrize(("schedule", "steps"), [("_zipped", 5), ("_nested", 10)])
def test_an_epoch_has_the_steps_it_should(schedule: str, steps: int) -> None:
    drawn = list(getattr(adaptation, schedule)(50, 18, 10, np.random.default_rng(0)))
    assert len(drawn) == steps
    assert {*np.concatenate([source for source, _ in drawn])} == set(range(50))
    assert {*np.concatenate([target for _, target in drawn])} == set(range(18))


@pytest.fixture(scope="module")
def foreign() -> tuple[Corpus, SourceModel]:
    """A target with words of its own for half of what is said, and a model of the source."""
    corpus = corpus_of(training_of(planted(synonyms=0.5)), min_count=5)
    return corpus, pretrained(corpus, epochs=6)[0]


def accuracies(
    foreign: tuple[Corpus, SourceModel], generators: Generators, *, epochs: int, **changes: Any
) -> list[float]:
    corpus, model = foreign
    torch.manual_seed(0)
    curves = adapt(
        model.generators,
        generators,
        corpus.source,
        corpus.target,
        discriminator(SMALL["interaction_width"], 32),
        replace(GAME, **changes),
        np.random.default_rng(0),
    )
    return [epoch["Df accuracy"] for epoch in islice(curves, epochs)]


def distance(foreign: tuple[Corpus, SourceModel], generators: Generators) -> float:
    """Between the domains' mean interactions, in units of the source's spread."""
    corpus, model = foreign
    source = Scorer.of(model.generators, model.scoring, corpus.source).embed(
        Pairs(corpus.source.users, corpus.source.items)
    )
    target = Scorer.of(generators, model.scoring, corpus.target).embed(
        Pairs(corpus.target.users, corpus.target.items)
    )
    return float(np.linalg.norm(source.mean(0) - target.mean(0)) / np.linalg.norm(source.std(0)))


def test_adaptation_confuses_the_discriminator_and_brings_the_domains_closer(
    foreign: tuple[Corpus, SourceModel],
) -> None:
    resting, learning = (copy.deepcopy(foreign[1].generators) for _ in range(2))
    before = distance(foreign, learning)
    against_rest = accuracies(foreign, resting.requires_grad_(False), epochs=20)
    against_learner = accuracies(foreign, learning, epochs=20)
    assert np.mean(against_rest[-5:]) > 0.6
    assert abs(np.mean(against_learner[-5:]) - 0.5) < 0.07
    assert distance(foreign, learning) < 0.85 * before


def test_dropout_in_the_target_alone_would_give_it_away(
    foreign: tuple[Corpus, SourceModel],
) -> None:
    """Two copies of one domain cannot be told apart, unless one of them alone drops units."""
    corpus, model = foreign
    twins = replace(corpus, target=corpus.source), model
    resting = copy.deepcopy(model.generators).requires_grad_(False)
    assert np.mean(accuracies(twins, resting, epochs=15)[-5:]) < 0.6
    assert np.mean(accuracies(twins, resting, epochs=15, source_dropout=False)[-5:]) > 0.85


# The methods


def test_source_only_is_ui_dan_before_adaptation(task: Task, data: TrainingData) -> None:
    pairs = Pairs(task.target.users, task.target.items)
    plain = SourceOnly(**SMALL).fit(data, seed=2)
    unadapted = UIDAN(**SMALL_UI, epochs=0).fit(data, seed=2)
    assert_array_equal(plain.predict(pairs), unadapted.predict(pairs))
    adapted = UIDAN(**SMALL_UI, epochs=1).fit(data, seed=2)
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
    history = UIDAN(**SMALL_UI, epochs=3).fit(data, seed=2).history_
    for curve in ("Df accuracy", "Df loss", "Gf loss"):
        assert len(history[curve]) == 3
