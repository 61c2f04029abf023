"""The optimisers of RecSys-DAN, by name.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-C; Zeiler: ADADELTA, arXiv:1212.5701.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from torch import nn, optim

OptimizerName = Literal["adadelta", "adadelta-literal", "adam"]

_RATES: dict[OptimizerName, float] = {
    # Differs: section V-C has "ADADELTA" and "the initial learning rate η is 0.0001". The Theano
    # LSTM tutorial has that very number and ignores it under ADADELTA, whose steps it would
    # scale down until nothing is learned in ten epochs. Zeiler's rate is 1.
    "adadelta": 1.0,
    "adadelta-literal": 1e-4,
    "adam": 1e-3,
}


def optimizer_of(
    name: OptimizerName, weights: Iterable[nn.Parameter], *, factor: float = 1.0
) -> optim.Optimizer:
    """``adadelta`` as published, ``adadelta-literal`` at the paper's printed rate, or ``adam``.

    Every rate is multiplied by ``factor``.
    """
    rate = _RATES[name] * factor
    if name == "adam":
        return optim.Adam(weights, lr=rate)
    # Silent: ρ and ε; Zeiler's, which are also the tutorial's. Each stage begins with averages of
    # its own.
    return optim.Adadelta(weights, lr=rate, rho=0.95, eps=1e-6)
