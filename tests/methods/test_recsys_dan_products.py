"""RecSys-DAN: matrix products and their gradients, whoever computes them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from methods.recsys_dan import products
from methods.recsys_dan.products import linear, times


@pytest.mark.parametrize("shape", [(1, 256, 1024), (37, 130, 128), (5, 3, 2)])
def test_products_are_those_of_torch(shape: tuple[int, int, int]) -> None:
    n, d, m = shape
    torch.manual_seed(0)
    rows, columns = torch.randn(n, d), torch.randn(m, d)
    expected = (rows.double() @ columns.double().T).float()
    torch.testing.assert_close(times(rows, columns), expected, atol=1e-4, rtol=1e-5)
    strided = times(rows.T.contiguous().T, columns.T.contiguous().T)
    torch.testing.assert_close(strided, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("onednn", [True, False])
def test_gradients_are_those_of_torch(onednn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_ONEDNN", products._ONEDNN and onednn)
    torch.manual_seed(0)
    leaves: list[Any] = [torch.randn(40, 160), torch.randn(200, 160), torch.randn(200)]
    results = []
    for function in (linear, torch.nn.functional.linear):
        copies = [leaf.clone().requires_grad_() for leaf in leaves]
        function(*copies).square().sum().backward()
        results.append([copy.grad for copy in copies])
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).norm() <= 1e-6 * theirs.norm()
