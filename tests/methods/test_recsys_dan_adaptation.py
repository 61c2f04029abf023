"""RecSys-DAN: the adversarial adaptation of interactions."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from dan_cases import SIZES, corpus_of, generators_of, planted, pretrained, same, training_of

from benchmark.recommender import Pairs
from methods.recsys_dan.adaptation import Game, Pools, schedule
from methods.recsys_dan.networks import Generators, discriminator
from methods.recsys_dan.pretraining import SourceModel
from methods.recsys_dan.samples import Corpus
from methods.recsys_dan.scorer import Scorer


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of(training_of(planted()), min_count=5)


def played(
    corpus: Corpus,
    source_generators: Generators,
    target_generators: Generators,
    *,
    epochs: int,
    rival: torch.nn.Module | None = None,
    adapt: Any = "all",
    loss: Any = "inverted",
    source_dropout: bool = True,
) -> list[dict[str, float]]:
    """The curves of some epochs of M^t, which learns, against a discriminator."""
    pools = Pools.of(
        source_generators,
        corpus.source,
        target_generators,
        corpus.target,
        adapt=adapt,
        source_dropout=source_dropout,
    )
    rival = rival or discriminator(SIZES["interaction_width"], 32)
    game = Game("f", rival, pools.target_generators.parameters(), loss, "adadelta")
    rng = np.random.default_rng(0)
    sizes = len(corpus.source), len(corpus.target), 128
    return [game.epoch(pools.codes(schedule("zipped", *sizes, rng))) for _ in range(epochs)]


def twins(corpus: Corpus) -> tuple[Generators, Generators]:
    generators = generators_of(corpus)
    return generators, copy.deepcopy(generators)


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
    (curves,) = played(corpus, *twins(corpus), epochs=1, rival=Undecided(), loss=loss)
    assert curves["Df loss"] == pytest.approx(2 * math.log(2))  # Eq. (5)
    assert curves["Gf loss"] == pytest.approx(expected)  # Eq. (6)
    assert curves["Df accuracy"] == pytest.approx(0.5)


def test_the_source_is_fixed_and_all_of_the_target_learns(corpus: Corpus) -> None:
    source_generators, target_generators = twins(corpus)
    played(corpus, source_generators, target_generators, epochs=1)
    assert same(source_generators, generators_of(corpus))
    for part in ("user", "item", "interaction"):
        assert not same(getattr(source_generators, part), getattr(target_generators, part)), part


def test_adapting_f_leaves_user_and_item_generators_alone(corpus: Corpus) -> None:
    source_generators, target_generators = twins(corpus)
    played(corpus, source_generators, target_generators, epochs=1, adapt="f")
    assert same(source_generators.user, target_generators.user)
    assert same(source_generators.item, target_generators.item)
    assert not same(source_generators.interaction, target_generators.interaction)


@pytest.mark.parametrize(("epoch", "steps"), [("zipped", 5), ("nested", 10)])
def test_an_epoch_has_the_steps_it_should(epoch: Any, steps: int) -> None:
    drawn = list(schedule(epoch, 50, 18, 10, np.random.default_rng(0)))
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
    curves = played(corpus, model.generators, generators, epochs=epochs, **changes)
    return [epoch["Df accuracy"] for epoch in curves]


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
    same_twice = replace(corpus, target=corpus.source), model
    resting = copy.deepcopy(model.generators).requires_grad_(False)
    assert np.mean(accuracies(same_twice, resting, epochs=15)[-5:]) < 0.6
    assert np.mean(accuracies(same_twice, resting, epochs=15, source_dropout=False)[-5:]) > 0.85
