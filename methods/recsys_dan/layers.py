"""The layer that the paper calls Dense.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-C.
"""

from __future__ import annotations

from torch import Tensor, nn

from methods.recsys_dan.products import linear


class Dense(nn.Linear):
    """Dense(d_out), without activation."""

    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__(d_in, d_out)
        # Silent: initial weights; Glorot's uniform and zero bias, usual where layers are "Dense".
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs (n, d_out) of inputs (n, d_in)."""
        return linear(inputs, self.weight, self.bias)
