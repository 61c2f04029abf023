"""The autoencoders of Table 11: codes in the ball, and what their losses are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.special import ive
from torch import Tensor

from benchmark.recommender import IntArray
from methods.dml.autoencoders import AUTOENCODERS
from methods.dml.autoencoders.adversarial import ADVERSARY_WEIGHT, Reversed
from methods.dml.autoencoders.coder import from_ball
from methods.dml.autoencoders.training import codes, trained
from methods.dml.autoencoders.variational import kl_from_prior
from methods.dml.autoencoders.von_mises_fisher import kl_from_uniform, sample
from methods.dml.autoencoders.wasserstein import discrepancy
from methods.dml.features import Features

D, WIDTH, ROWS = 3, 12, 200
every_kind = pytest.mark.parametrize("kind", AUTOENCODERS)


@pytest.fixture(scope="module")
def features() -> Features:
    """Rows that D numbers say all of."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(ROWS, D)) @ rng.normal(size=(D, WIDTH)) / WIDTH**0.5
    known = np.ones((ROWS, 1), dtype=bool)
    widths: IntArray = np.array([WIDTH])
    mean = values.mean(axis=0).astype(np.float32)
    return Features(sparse.csr_matrix(values, dtype=np.float32), mean, known, widths)


def embedded(kind: str, features: Features, steps: int, seed: int = 1) -> Tensor:
    make = AUTOENCODERS[kind]
    model = trained(make, features, D, steps=steps, batch_size=64, lr=5e-3, seed=seed)
    return codes(model, features)


def told(embeddings: Tensor, features: Features) -> float:
    """The share of the features' variance that a linear function of the embeddings tells."""
    x = np.column_stack([embeddings.numpy(), np.ones(len(features))])
    y = features.centred(np.arange(len(features)))
    left = y - x @ np.linalg.lstsq(x, y)[0]
    return float(1 - (left**2).sum() / (y**2).sum())


@every_kind
def test_codes_lie_in_the_ball_and_tell_of_the_features(kind: str, features: Features) -> None:
    learnt = embedded(kind, features, 300)
    assert learnt.norm(dim=1).max() <= 1 + 1e-6
    # Of a direction the length is lost.
    assert told(learnt, features) > (0.6 if kind in ("hvae", "linear") else 0.75)


@every_kind
def test_the_same_seed_gives_the_same_codes_and_another_others(
    kind: str, features: Features
) -> None:
    one, same, other = (embedded(kind, features, 5, seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_hyperspherical_codes_are_directions(features: Features) -> None:
    lengths = embedded("hvae", features, 5).norm(dim=1)
    assert_allclose(lengths, np.ones(ROWS), rtol=1e-5)


def test_wasserstein_codes_are_closer_to_the_prior_than_plain_ones(
    features: Features,
) -> None:
    torch.manual_seed(0)
    drawn = from_ball(ROWS, D)
    apart = {
        kind: float(discrepancy(embedded(kind, features, 300), drawn)) for kind in ("ae", "wae")
    }
    assert apart["wae"] < 0.5 * apart["ae"]


def test_the_ball_is_drawn_from_evenly() -> None:
    torch.manual_seed(0)
    drawn = from_ball(20_000, D)
    assert_allclose(drawn.mean(dim=0), np.zeros(D), atol=0.02)
    # Half the radius holds an eighth of the volume.
    assert_allclose((drawn.norm(dim=1) < 0.5).float().mean(), 1 / 8, atol=0.01)


def test_the_discrepancy_of_samples_of_one_distribution_is_nothing() -> None:
    torch.manual_seed(0)
    one, other = from_ball(500, D), from_ball(500, D)
    assert abs(float(discrepancy(one, other))) < 0.005
    assert float(discrepancy(one, 0.5 * other)) > 0.05


def test_the_divergence_from_the_normal_prior_is_torchs() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(2, 5, D)
    posterior = torch.distributions.Normal(mean, torch.exp(log_variance / 2))
    prior = torch.distributions.Normal(torch.zeros(D), torch.full((D,), D**-0.5))
    expected = torch.distributions.kl_divergence(posterior, prior).sum(dim=1)
    assert_allclose(kl_from_prior(mean, log_variance), expected, rtol=1e-5)


def test_the_adversary_pushes_codes_uphill() -> None:
    code = torch.ones(2, D, requires_grad=True)
    (slope,) = torch.autograd.grad(Reversed.apply(code).sum(), code)
    assert_allclose(slope, np.full((2, D), -ADVERSARY_WEIGHT))


@pytest.mark.parametrize("d", [2, 3, 16])
@pytest.mark.parametrize("concentration", [1.0, 30.0])
def test_draws_have_the_mean_cosine_of_von_mises_and_fisher(d: int, concentration: float) -> None:
    torch.manual_seed(0)
    n = 20_000
    direction = torch.nn.functional.normalize(torch.randn(1, d), dim=1)
    drawn = sample(direction.expand(n, d), torch.full((n,), concentration))
    assert_allclose(drawn.norm(dim=1), np.ones(n), rtol=1e-4)
    expected = ive(d / 2, concentration) / ive(d / 2 - 1, concentration)
    # The mean is along the direction, which tells reflections from rotations.
    assert_allclose(drawn.mean(dim=0), expected * direction[0], atol=0.025)


def test_draws_about_the_pole_itself_are_about_the_pole() -> None:
    torch.manual_seed(0)
    pole = torch.tensor([[1.0, 0, 0]])
    assert sample(pole.expand(1000, 3), torch.full((1000,), 50.0))[:, 0].mean() > 0.9


def test_gradients_pass_through_draws() -> None:
    torch.manual_seed(0)
    direction = torch.nn.functional.normalize(torch.randn(4, D), dim=1).requires_grad_()
    concentration = torch.full((4,), 5.0, requires_grad=True)
    drawn = sample(direction, concentration)
    cosine = (drawn * direction.detach()).sum()
    of_concentration, of_direction = torch.autograd.grad(cosine, (concentration, direction))
    # The more concentrated, the closer to the direction.
    assert of_concentration.min() > 0
    assert torch.isfinite(of_direction).all()


@pytest.mark.parametrize("concentration", [1.0, 10.0, 100.0])
def test_the_divergence_from_the_uniform_on_the_sphere_is_that_in_closed_form(
    concentration: float,
) -> None:
    # In three dimensions the density is k exp(k cos) / (4 pi sinh k), the uniform 1 / (4 pi).
    k = concentration
    log_sinh = k + np.log1p(-np.exp(-2 * k)) - np.log(2)
    expected = np.log(k) - log_sinh + k * (1 / np.tanh(k) - 1 / k)
    found = kl_from_uniform(torch.tensor([k], dtype=torch.float64), 3)
    assert_allclose(found, [expected], rtol=1e-9)


@pytest.mark.parametrize("d", [2, 16, 256])
def test_the_divergence_grows_with_concentration_at_the_slope_it_gives(d: int) -> None:
    k = torch.tensor([1.5, 20.0, 400.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda k: kl_from_uniform(k, d), (k,))
    divergences = kl_from_uniform(k.detach(), d)
    assert (divergences.diff() > 0).all()
    assert divergences[0] > 0
