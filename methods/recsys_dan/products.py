"""Matrix products by oneDNN, which is twice as fast as MKL on CPUs that are not Intel's.

Torch takes MKL for float32 however it is asked; on an AMD CPU with AVX-512, one thread gets 100
GFLOP/s from MKL and 210 from oneDNN, which torch brings along for convolutions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
_LEAST = 1 << 14
"""Entries of a factor from which a kernel of oneDNN is worth building; it takes a millisecond."""


def times(rows: Tensor, columns: Tensor) -> Tensor:
    """``rows @ columns.T`` (n, m) of ``rows`` (n, d) and ``columns`` (m, d), without gradient."""
    if _ONEDNN and rows.dtype == torch.float32 and columns.numel() >= _LEAST:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, columns, None, "none", [], "")
        return product
    return rows @ columns.T


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(inputs, weights)
        return times(inputs, weights).add_(bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weights = ctx.saved_tensors
        (gradient,) = gradients
        for_inputs, for_weights, for_bias = ctx.needs_input_grad
        return (
            times(gradient, weights.T) if for_inputs else None,
            times(inputs.T, gradient.T).T if for_weights else None,
            gradient.sum(dim=0) if for_bias else None,
        )


def linear(inputs: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """``torch.nn.functional.linear`` of inputs (n, d), weights (m, d) and bias (m,)."""
    outputs: Tensor = _Linear.apply(inputs, weights, bias)  # type: ignore[no-untyped-call]
    return outputs
