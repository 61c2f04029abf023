"""Ratings of many pairs, none of which depends on what else is asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmark.recommender import FloatArray, Pairs

_CHUNK = 1024
"""Pairs rated at once, the last chunk padded: a product's rows may depend on their number."""


def rated_in_chunks(pairs: Pairs, rate: Callable[[Tensor, Tensor], Tensor]) -> FloatArray:
    """Ratings (n,) of pairs by ``rate``, which is given as many users and items each time."""
    users, items = (
        torch.split(torch.from_numpy(np.pad(column, (0, -len(pairs) % _CHUNK))), _CHUNK)
        for column in (pairs.users, pairs.items)
    )
    chunks = [rate(some, their) for some, their in zip(users, items, strict=True)]
    return torch.cat(chunks)[: len(pairs)].double().numpy()
