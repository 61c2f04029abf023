"""The networks of RecSys-DAN: generators (mapping functions) M = {Gu, Gv, Gf}, discriminator D.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, sections IV-A and V-C.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.recsys_dan.layers import Dense
from methods.recsys_dan.samples import Inputs, Samples

Activation = Literal["linear", "relu"]
_CHUNK = 512
"""Documents or images encoded at a time when all of them are."""


class Interaction(nn.Module):
    """Gf: Dense(width) -> Dropout on the codes of a user and an item, side by side."""

    def __init__(self, codes: int, width: int, *, dropout: float, activation: Activation) -> None:
        super().__init__()
        self.dense = Dense(codes, width)
        self.dropout = Dropout(dropout)
        self.activation = activation

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Interactions (n, width) from codes (n, d_user) and (n, d_item)."""
        return self.after_dense(self.dense(torch.cat([users, items], dim=1)))

    def after_dense(self, pairs: Tensor) -> Tensor:
        """What follows the dense layer, whose outputs are ``pairs`` (n, width)."""
        dropped: Tensor = self.dropout(pairs if self.activation == "linear" else pairs.relu())
        return dropped

    def shares(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """What users (n, d_user) and items (m, d_item) contribute to the dense layer's sum.

        The bias is with the items.
        """
        with torch.no_grad():
            for_users, for_items = self.dense.weight.split([users.shape[1], items.shape[1]], 1)
            return users @ for_users.T, items @ for_items.T + self.dense.bias


class Dropout(nn.Module):
    """``nn.Dropout``, whose way of drawing takes three times as long as the layer before it."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs of any shape, a random share of them zero and the rest scaled up for it."""
        if not self.training or not self.share:
            return inputs
        return inputs * (torch.rand_like(inputs) >= self.share).to(inputs.dtype).div_(
            1 - self.share
        )


class Generators(nn.Module):
    """M = {Gu, Gv, Gf}: from what represents a user and an item to their interaction."""

    def __init__(self, user: nn.Module, item: nn.Module, interaction: Interaction) -> None:
        super().__init__()
        self.user = user
        self.item = item
        self.interaction = interaction

    def forward(self, samples: Samples, rows: IntArray) -> Tensor:
        """Interactions (n, width) of the pairs ``rows``; no user or item is encoded twice."""
        interactions: Tensor = self.interaction(
            gather(self.user, samples.user_inputs, samples.users[rows]),
            gather(self.item, samples.item_inputs, samples.items[rows]),
        )
        return interactions


class Frozen(nn.Module):
    """Generators that no longer learn: of each pair, a sum and Gf's dropout are left to do."""

    def __init__(self, generators: Generators, samples: Samples) -> None:
        super().__init__()
        self.interaction = copy.deepcopy(generators.interaction)
        self._users, self._items = self.interaction.shares(
            encode(generators.user, samples.user_inputs),
            encode(generators.item, samples.item_inputs),
        )

    def forward(self, samples: Samples, rows: IntArray) -> Tensor:
        """Interactions (n, width) of the pairs ``rows``, without gradient."""
        with torch.no_grad():
            users, items = self._users[samples.users[rows]], self._items[samples.items[rows]]
            return self.interaction.after_dense(users + items)


def precoded(generators: Generators, samples: Samples) -> tuple[Generators, Samples]:
    """The same interactions from codes that are computed now: all that is left is Gf, shared."""
    return Generators(nn.Identity(), nn.Identity(), generators.interaction), replace(
        samples,
        user_inputs=encode(generators.user, samples.user_inputs),
        item_inputs=encode(generators.item, samples.item_inputs),
    )


def encode(generator: nn.Module, inputs: Inputs) -> Tensor:
    """The codes (n, d) of all inputs, without gradient."""
    with torch.no_grad():
        chunks = np.split(np.arange(len(inputs)), range(_CHUNK, len(inputs), _CHUNK))
        return torch.cat([generator(inputs[chunk]) for chunk in chunks])


def discriminator(width: int, hidden: int) -> nn.Sequential:
    """D: Dense(hidden) -> ReLU -> Dense(2) -> log-softmax; column 1 stands for the source."""
    return nn.Sequential(Dense(width, hidden), nn.ReLU(), Dense(hidden, 2), nn.LogSoftmax(dim=1))


def gather(generator: nn.Module, inputs: Inputs, index: IntArray) -> Tensor:
    """The codes (n, d) of ``inputs[index]``, none encoded twice."""
    if isinstance(generator, nn.Identity):
        return inputs[index]  # type: ignore[no-any-return]
    distinct, back = np.unique(index, return_inverse=True)
    codes: Tensor = generator(inputs[distinct])
    return codes.index_select(0, torch.from_numpy(back))
