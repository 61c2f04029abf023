"""The layer that the paper calls Dense.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-C.
"""

from __future__ import annotations

from torch import nn


def dense(d_in: int, d_out: int) -> nn.Linear:
    """A layer "Dense(d_out)"."""
    layer = nn.Linear(d_in, d_out)
    # Silent: initial weights; Glorot's uniform and zero bias, as where layers are called Dense.
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
