"""Seconds an epoch of CoNet takes, and those of the usual loop over a DataLoader with autograd.

Both train the same network from the same start on the same batches of a planted pair, side by side
in one process. Run from the repository's root: ``python -m scripts.measure.conet_epoch``.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from baselines.cross_network import CrossNetwork, Instances, instances


class Loop(nn.Module):
    """CoNet as it is usually written: modules, autograd, a forward pass a tower."""

    def __init__(self, network: CrossNetwork) -> None:
        super().__init__()
        users, items, *layers, h1, h2 = (part.clone() for part in network.parts)
        self.users = nn.Embedding.from_pretrained(users, freeze=False)
        self.items = nn.Embedding.from_pretrained(items, freeze=False)
        self.towers = nn.ModuleList(
            nn.ModuleList(
                _linear(w[d], b[d]) for w, b in zip(layers[::2], layers[1::2], strict=True)
            )
            for d in (0, 1)
        )
        self.cross = nn.ParameterList([nn.Parameter(h1), nn.Parameter(h2)])

    def forward(self, users: Tensor, items: Tensor, crossed: Tensor) -> Tensor:
        """Ratings (n, 2) of users' items (n, 2)."""
        user = self.users(users)
        a, b = (torch.cat([user, self.items(items[:, d])], dim=1) for d in (0, 1))
        for layer in range(3):
            to_a, to_b = self.towers[0][layer](a), self.towers[1][layer](b)
            if layer < 2:
                to_a, to_b = (
                    to_a + crossed * (b @ self.cross[layer]),
                    to_b + crossed * (a @ self.cross[layer]),
                )
            a, b = to_a.relu(), to_b.relu()
        return torch.cat([self.towers[0][3](a), self.towers[1][3](b)], dim=1)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(*weight.shape)
    layer.weight.data.copy_(weight.T)
    layer.bias.data.copy_(bias[0])
    return layer


def loop_epoch(
    model: Loop, adam: torch.optim.Adam, rows: Instances, values: Tensor, batch_size: int
) -> float:
    """The mean squared error over an epoch of the usual loop."""
    loader = DataLoader(
        TensorDataset(rows.users, rows.items.T, rows.crossed, rows.rated.T, values),
        batch_size=batch_size,
    )
    total = 0.0
    for users, items, crossed, rated, ratings in loader:
        predicted = (model(users, items, crossed) * rated).sum(dim=1)
        loss = nn.functional.mse_loss(predicted, ratings)
        adam.zero_grad()
        loss.backward()
        adam.step()
        total += loss.item() * len(users)
    return total / len(rows)


def measure(n: int, repeats: int, batch_size: int) -> tuple[list[tuple[float, float]], float]:
    """The two methods' seconds for a first epoch, repeated, and how far apart the losses are."""
    rng = np.random.default_rng(1)
    n_users, n_items = max(n // 60, 1), max(n // 12, 1)  # About Douban's book and music.
    seconds, apart = [], 0.0
    for seed in range(repeats):
        users, items, others, side = (
            rng.integers(most, size=n) for most in (n_users, n_items, n_items, 2)
        )
        rows = instances(users, items, side, others, rng.random(n) < 0.9)
        values = torch.from_numpy(((users + items) % 5 + 1).astype(np.float32) / 5)
        network = CrossNetwork(n_users, n_items, 8, torch.Generator().manual_seed(seed))
        loop = Loop(network)
        ours, theirs = network.adam(lr=1e-3), torch.optim.Adam(loop.parameters(), lr=1e-3)
        started = time.process_time()
        loss = network.epoch(rows, values, ours, batch_size=batch_size, l1=0.0)
        between = time.process_time()
        expected = loop_epoch(loop, theirs, rows, values, batch_size)
        seconds.append((between - started, time.process_time() - between))
        apart = max(apart, abs(loss - expected))
    return seconds, apart


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=133_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(1)
    seconds, apart = measure(options.ratings, options.repeats, options.batch_size)
    ours, loop = (median(column) for column in zip(*seconds, strict=True))
    print(f"{options.ratings:,} ratings, batches of {options.batch_size}, one thread")
    print(f"CoNet           {ours:8.2f} s an epoch")
    print(f"DataLoader loop {loop:8.2f} s an epoch")
    faster = median(theirs / own for own, theirs in seconds)
    print(f"{faster:.1f} times faster; mean squared errors {apart:.0e} apart at most")


if __name__ == "__main__":
    main()
