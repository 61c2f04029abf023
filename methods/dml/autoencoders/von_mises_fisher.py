"""The von Mises-Fisher distribution on the unit sphere of d dimensions.

Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical Variational Auto-Encoders", UAI 2018;
sampling after Wood, "Simulation of the von Mises Fisher distribution", 1994.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.special import ive
from torch import Tensor
from torch.distributions import Beta
from torch.nn.functional import normalize

from benchmark.recommender import FloatArray


def sample(direction: Tensor, concentration: Tensor) -> Tensor:
    """One draw (n, d) about each direction (n, d) of length 1, differentiable in both.

    ``concentration`` (n,) is positive, d at least 2.
    """
    n, d = direction.shape
    cosine = _cosine(concentration, d).unsqueeze(1)
    tangent = normalize(torch.randn(n, d - 1), dim=1)
    about_pole = torch.cat([cosine, (1 - cosine.square()).clamp(min=1e-8).sqrt() * tangent], 1)
    # The reflection that takes the pole to the direction.
    pole = torch.zeros(d)
    pole[0] = 1
    axis = normalize(pole - direction, dim=1)
    return about_pole - 2 * (about_pole * axis).sum(dim=1, keepdim=True) * axis


def _cosine(concentration: Tensor, d: int) -> Tensor:
    """Draws (n,) of the cosine with the direction, by rejection."""
    k = concentration.double()
    b = (d - 1) / (2 * k + torch.sqrt(4 * k.square() + (d - 1) ** 2))

    def cosine(proposed: Tensor, b: Tensor) -> Tensor:
        return (1 - (1 + b) * proposed) / (1 - (1 - b) * proposed)

    with torch.no_grad():
        x = (1 - b) / (1 + b)
        bound = k * x + (d - 1) * torch.log(1 - x.square())
        half = torch.tensor((d - 1) / 2, dtype=torch.float64)
        accepted, left = torch.zeros_like(k), torch.arange(len(k))
        while len(left):
            proposed = Beta(half, half).sample(left.shape)
            w = cosine(proposed, b[left])
            height = k[left] * w + (d - 1) * torch.log(1 - x[left] * w) - bound[left]
            good = height >= torch.log(torch.rand(len(left), dtype=torch.float64))
            accepted[left[good]] = proposed[good]
            left = left[~good]
    # Differs: gradients pass through what was accepted, not through how likely that was; so does
    # that paper's code.
    return cosine(accepted, b).to(concentration.dtype)


def kl_from_uniform(concentration: Tensor, d: int) -> Tensor:
    """The divergences (n,) from the uniform distribution, for concentrations (n,)."""
    divergences: Tensor = _Divergence.apply(concentration, d)
    return divergences


class _Divergence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, concentration: Tensor, d: int) -> Tensor:
        k = concentration.detach().double().numpy()
        ratio = _bessel_ratio(k, d)
        normaliser = (d / 2 - 1) * np.log(k) - np.log(ive(d / 2 - 1, k)) - k
        constant = math.log(2) - d / 2 * math.log(2) - math.lgamma(d / 2)
        # Its slope is k times that of the ratio of Bessel functions.
        slope = k * (1 - ratio**2) - (d - 1) * ratio
        ctx.save_for_backward(torch.from_numpy(slope).to(concentration.dtype))
        return torch.from_numpy(k * ratio + normaliser + constant).to(concentration.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (slope,) = ctx.saved_tensors
        return gradient * slope, None


def _bessel_ratio(k: FloatArray, d: int) -> FloatArray:
    """I_{d/2}(k) / I_{d/2-1}(k), the mean cosine."""
    return np.asarray(ive(d / 2, k) / ive(d / 2 - 1, k))
