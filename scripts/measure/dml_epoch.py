"""Seconds an epoch of DML takes, and those of Algorithm 1 written down as it reads.

The plain loop takes batch after batch of one domain and the other, encodes the batch's users and
items anew, and leaves gradients to autograd. Both learn the same from the same start, rows and
dropout, side by side in one process. Run from the repository's root:
``python -m scripts.measure.dml_epoch --data-dir FOLDER``, FOLDER holding ``douban/``; without one
on a planted pair of about that size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, zip_longest
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from benchmark.data.catalog import Places, load
from benchmark.data.splits import split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import DomainView, training_data
from methods.dml import DML
from methods.dml.autoencoders import AUTOENCODERS
from methods.dml.autoencoders.coder import Coder
from methods.dml.autoencoders.training import codes, trained
from methods.dml.dual import BATCHES_AT_ONCE, DualLearning, Ratings, dropout_mask, shuffled
from methods.dml.features import Features, item_features, user_features
from methods.dml.networks import Mlp
from methods.dml.orthogonal import LatentMap
from methods.dml.pair import NetworkPair

COLUMNS = 256


@dataclass(frozen=True)
class Encoded:
    """A domain with the features and encoders that its embeddings come from."""

    users: Features
    items: Features
    encoders: tuple[Coder, Coder]
    ratings: Ratings


def encoded(view: DomainView, dimension: int, batch_size: int, dtype: torch.dtype) -> Encoded:
    """A domain's ratings, its encoders hardly trained: an epoch costs the same."""
    features = user_features(view, COLUMNS), item_features(view, COLUMNS)
    encoders = [
        trained(AUTOENCODERS["ae"], f, dimension, steps=50, batch_size=batch_size, lr=1e-3, seed=1)
        for f in features
    ]
    tables = [codes(*each).to(dtype) for each in zip(encoders, features, strict=True)]
    ratings = Ratings(
        *tables,
        torch.from_numpy(view.users),
        torch.from_numpy(view.items),
        torch.from_numpy(view.ratings / view.scale[1]).to(dtype),
    )
    return Encoded(*features, (encoders[0], encoders[1]), ratings)


def learning(a: Encoded, b: Encoded, shared: Tensor, model: DML) -> DualLearning:
    """Algorithm 1 at its start, the same each time."""
    draws = [torch.Generator().manual_seed(seed) for seed in range(3)]
    return DualLearning(
        NetworkPair(
            Mlp(model.dimension, model.hidden),
            draws[:2],
            partial(torch.optim.Adam, lr=model.lr, fused=True),
        ),
        LatentMap("gs", model.dimension, lr=model.map_lr, penalty=0, generator=draws[2]),
        (a.ratings, b.ratings),
        (a.ratings.user_table, b.ratings.user_table),
        shared,
        (draws[0], draws[1]),
        dual="swap",
        represent="own",
        steps="own-map-dual",
        alpha=model.alpha,
        dropout=model.dropout,
        batch_size=model.batch_size,
    )


class PlainLoop:
    """The same, one batch and one domain after the other."""

    def __init__(self, start: DualLearning, domains: tuple[Encoded, Encoded], lr: float) -> None:
        self.start = start
        self.domains = domains
        self.networks = [_module(start.networks.parameters(k)) for k in (0, 1)]
        self.adams = [torch.optim.Adam(n.parameters(), lr=lr) for n in self.networks]

    def epoch(self) -> dict[str, float]:
        """Algorithm 1, lines 3 to 16."""
        start, (a, b) = self.start, self.domains
        losses = dict(zip(("L_A", "L_B"), self._passed((a, b), None), strict=True))
        start.map.learn(*start.overlap, batch_size=start.batch_size)
        x = start.map.matrix.to(start.users[0].dtype)
        dual = self._passed((b, a), (x, x.T))
        return losses | dict(zip(("L_B*", "L_A*"), dual, strict=True))

    def _passed(
        self, inputs: tuple[Encoded, Encoded], maps: tuple[Tensor, Tensor] | None
    ) -> list[float]:
        """The mean losses of a pass in which network k rates inputs[k]."""
        start, totals = self.start, [0.0, 0.0]
        dtype = start.users[0].dtype
        orders = [
            shuffled(len(each.ratings), start.batch_size, generator)
            for each, generator in zip(inputs, start.generators, strict=True)
        ]
        masks = [_masks(orders, k, start) for k in (0, 1)]
        for rows in zip_longest(*orders):
            for k in (0, 1):
                if rows[k] is None:
                    continue
                row = rows[k][rows[k] >= 0]
                of, ratings = inputs[k], inputs[k].ratings
                with torch.no_grad():
                    users, items = (
                        encoder.encode(torch.from_numpy(table.centred(ids[row].numpy()))).to(dtype)
                        for encoder, table, ids in zip(
                            of.encoders,
                            (of.users, of.items),
                            (ratings.users, ratings.items),
                            strict=True,
                        )
                    )
                if maps is not None:
                    users = users @ maps[k]
                first, second, output = self.networks[k]
                kept = next(masks[k])[: len(row)].split([len(first.weight), len(second.weight)], 1)
                hidden = torch.relu(first(torch.cat([users, items], dim=1))) * kept[0]
                hidden = torch.relu(second(hidden)) * kept[1]
                loss = nn.functional.mse_loss(output(hidden).squeeze(1), ratings.values[row])
                self.adams[k].zero_grad()
                torch.autograd.backward(loss * (1 - start.alpha if maps is None else start.alpha))
                self.adams[k].step()
                totals[k] += loss.item()
        return [total / len(order) for total, order in zip(totals, orders, strict=True)]


def _masks(orders: list[Tensor], k: int, start: DualLearning) -> Iterator[Tensor]:
    """The dropout of each of a network's batches, drawn as ahead of time as DML draws it."""
    shorter, longer = sorted(map(len, orders))
    ends = [*range(0, shorter, BATCHES_AT_ONCE), *range(shorter, longer, BATCHES_AT_ONCE), longer]
    for first, last in pairwise(ends):
        n = min(last, len(orders[k])) - first
        if n > 0:
            shape = (n, start.batch_size, start.networks.architecture.dropped)
            yield from dropout_mask(shape, start.dropout, start.generators[k])


def _module(parameters: list[Tensor]) -> nn.ModuleList:
    layers = nn.ModuleList()
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.weight.data, layer.bias.data = weight[0].T.clone(), bias[0, 0].clone()
        layers.append(layer)
    return layers


def measure(
    task: Task, repeats: int, model: DML, dtype: torch.dtype = torch.float32
) -> tuple[list[tuple[float, float]], float, float]:
    """CPU seconds of an epoch of DML and of the plain loop, and how far apart they end.

    Apart are losses and parameters, at most. In single precision parameters part where rounding
    decides whether a unit is on; double precision tells that from a difference of algorithm.
    """
    split = split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)
    data = training_data(DML, task, split, text="summary")
    a, b = (
        encoded(view, model.dimension, model.batch_size, dtype)
        for view in (data.source, data.target)
    )
    shared = torch.from_numpy(data.shared_users)
    seconds, losses_apart, parameters_apart = [], 0.0, 0.0
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        for _ in range(repeats):
            fast = learning(a, b, shared, model)
            loop = PlainLoop(learning(a, b, shared, model), (a, b), model.lr)
            started = time.process_time()
            losses = fast.epoch()
            between = time.process_time()
            expected = loop.epoch()
            seconds.append((between - started, time.process_time() - between))
            gaps = [abs(losses[name] - loss) for name, loss in expected.items()]
            losses_apart = max(losses_apart, *gaps)
            parameters_apart = max(parameters_apart, *_gaps(fast, loop))
    finally:
        torch.set_default_dtype(usual)
    return seconds, losses_apart, parameters_apart


def _gaps(fast: DualLearning, loop: PlainLoop) -> Iterator[float]:
    for k in (0, 1):
        layers = loop.networks[k]
        theirs = [p for one in layers for p in (one.weight.T[None], one.bias[None, None])]
        for ours, their in zip(fast.networks.parameters(k), theirs, strict=True):
            yield float((ours - their.detach()).abs().max())


def task_of(data_dir: Path | None) -> Task:
    """Douban's book and music, or a planted pair of about their numbers of ratings."""
    if data_dir is None:
        planted = Planted((2200, 1700), (2500, 2000), (44, 42), shared_users=1600)
        pair = planted_pair(planted)
        return make_task("planted", pair.source, pair.target)
    places = Places(data_dir, cache_dir=data_dir)
    return make_task("douban", load("douban/book", places), load("douban/music", places))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = task_of(options.data_dir)
    seconds, apart, _ = measure(task, options.repeats, DML())
    *_, parameters = measure(task, 1, DML(), torch.float64)
    ours, plain = (median(column) for column in zip(*seconds, strict=True))
    sizes = " and ".join(f"{len(side.ratings):,}" for side in (task.source, task.target))
    print(f"{task.name}: {sizes} ratings, 80 % to learn from, batches of 64, one thread")
    print(f"DML        {ours:8.2f} s an epoch")
    print(f"plain loop {plain:8.2f} s an epoch")
    faster = median(theirs / own for own, theirs in seconds)
    print(f"{faster:.1f} times faster; losses {apart:.0e} apart at most, parameters")
    print(f"{parameters:.0e} when both are in double precision")


if __name__ == "__main__":
    main()
