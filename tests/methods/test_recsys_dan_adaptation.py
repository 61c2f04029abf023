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
from methods.recsys_dan.adaptation import (
    Game,
    Pools,
    accuracy,
    discriminator_loss,
    generator_loss,
    schedule,
)
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
    resting: bool = False,
) -> list[dict[str, float]]:
    """The curves of some epochs of M^t, which learns or rests, against a discriminator."""
    pools = Pools.of(
        source_generators,
        corpus.source,
        target_generators,
        corpus.target,
        adapt=adapt,
        source_dropout=source_dropout,
    )
    rival = rival or discriminator(SIZES["interaction_width"], 32)
    nothing = [torch.nn.Parameter(torch.zeros(1))]
    learning = nothing if resting else pools.target_generators.parameters()
    game = Game("f", rival, learning, loss, "adadelta")
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


def test_losses_are_those_of_the_equations_by_hand() -> None:
    """Two pairs a domain; D is the chance that a discriminator gives the source."""
    d_source, d_target = torch.tensor([0.9, 0.4]), torch.tensor([0.2, 0.7])
    log_d_source, log_d_target = (
        torch.stack([1 - d, d], dim=1).log() for d in (d_source, d_target)
    )
    # Eq. (5): mean log D over the source plus mean log(1 - D) over the target, to be maximised.
    objective = (math.log(0.9) + math.log(0.4)) / 2 + (math.log(0.8) + math.log(0.3)) / 2
    d_loss = discriminator_loss(log_d_source, log_d_target).item()
    assert d_loss == pytest.approx(-objective)
    # Eq. (6): mean log(1 - D) over the target, to be minimised.
    saturating = generator_loss(log_d_target, "saturating").item()
    assert saturating == pytest.approx((math.log(0.8) + math.log(0.3)) / 2)
    inverted = generator_loss(log_d_target, "inverted").item()
    assert inverted == pytest.approx(-(math.log(0.2) + math.log(0.7)) / 2)
    # Of the source 0.9, of the target 0.2 is recognised.
    assert accuracy(log_d_source, log_d_target) == 0.5


def test_each_side_learns_by_the_others_last_move() -> None:
    """One step of one-unit networks: Eq. (9) first, then M^t against the new discriminator."""
    d = torch.nn.Sequential(torch.nn.Linear(1, 2, bias=False), torch.nn.LogSoftmax(dim=1))
    with torch.no_grad():
        d[0].weight.copy_(torch.tensor([[0.0], [1.0]]))
    shift = torch.nn.Parameter(torch.tensor([[2.0]]))
    game = Game("f", d, [shift], "saturating", "adam")
    source = torch.tensor([[1.0]])
    w = torch.tensor([[0.0], [1.0]], requires_grad=True)
    log_d = [torch.log_softmax(codes @ w.T, dim=1) for codes in (source, shift.detach())]
    (-(log_d[0][0, 1] + log_d[1][0, 0])).backward()
    assert w.grad is not None
    # Adam's first step is its rate, whatever the gradient's size.
    expected = w.detach() - 1e-3 * w.grad.sign()
    game.epoch([(source, shift * 1.0)])
    torch.testing.assert_close(d[0].weight.detach(), expected, atol=1e-6, rtol=0)
    # D takes larger codes for the source's, so that is where the target goes.
    assert shift.item() == pytest.approx(2.0 + 1e-3, abs=1e-6)


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
    against_rest = accuracies(foreign, resting, epochs=20, resting=True)
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
    rest: Any = {"resting": True, "epochs": 15}
    assert np.mean(accuracies(same_twice, model.generators, **rest)[-5:]) < 0.6
    assert (
        np.mean(accuracies(same_twice, model.generators, source_dropout=False, **rest)[-5:]) > 0.85
    )
