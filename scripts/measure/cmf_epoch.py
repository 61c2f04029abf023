"""Seconds a sweep of CMF takes, and an epoch of the usual loop over a DataLoader with Adam.

Both fit CMF's model and its weighted losses to the same ratings of a planted pair. An epoch of the
loop is one pass over all ratings in batches; a sweep of alternating least squares is one over all
ratings by user and one by item, which has no batches. The training error after as many passes as
were timed stands beside the seconds, since a pass of one is not worth a pass of the other.
Run from the repository's root: ``python -m scripts.measure.cmf_epoch``.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from baselines.cmf import CMF
from baselines.shared_users import rows_of_users
from benchmark.data.splits import split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import Pairs, Side


class Loop(nn.Module):
    """CMF as it is usually written: embeddings, autograd, a batch at a time."""

    def __init__(self, n_users: int, n_items: int, factors: int) -> None:
        super().__init__()
        self.users = nn.Embedding(n_users, factors + 2)
        self.items = nn.Embedding(n_items, factors + 1)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, users: Tensor, items: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n,) and the squared norms (n,) of what they are made of."""
        p, q = self.users(users), self.items(items)
        bias = p[:, -2:].gather(1, side[:, None])[:, 0]
        scores = (p[:, :-2] * q[:, :-1]).sum(dim=1) + bias + q[:, -1]
        return scores, (p**2).sum(dim=1) + (q**2).sum(dim=1)


def loop_seconds(
    data: TrainingData, epochs: int, factors: int, batch_size: int
) -> tuple[float, float]:
    """Seconds an epoch, and the training RMSE after the last."""
    views, rows = (data.source, data.target), rows_of_users(data)
    users = np.concatenate([rows[d][view.users] for d, view in enumerate(views)])
    items = np.concatenate([data.source.items, data.source.n_items + data.target.items])
    side = np.repeat((0, 1), [len(view.users) for view in views])
    ratings = np.concatenate([view.ratings - view.ratings.mean() for view in views])
    columns = [
        torch.from_numpy(column) for column in (users, items, side, ratings.astype(np.float32))
    ]
    loader = DataLoader(TensorDataset(*columns), batch_size=batch_size, shuffle=True)
    torch.manual_seed(1)
    model = Loop(users.max() + 1, sum(view.n_items for view in views), factors)
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    started = time.process_time()
    for _ in range(epochs):
        for u, i, s, r in loader:
            scores, norms = model(u, i, s)
            loss = ((scores - r) ** 2 + 0.1 * norms).mean() / 2
            adam.zero_grad()
            loss.backward()
            adam.step()
    seconds = (time.process_time() - started) / epochs
    with torch.inference_mode():
        scores, _ = model(*columns[:3])
        return seconds, ((scores - columns[3]) ** 2).mean().sqrt().item()


def sweep_seconds(data: TrainingData, sweeps: int, factors: int) -> tuple[float, float]:
    """Seconds a sweep, preparation included, and the training RMSE after the last."""
    started = time.process_time()
    model = CMF(factors=factors, sweeps=sweeps).fit(data, seed=1)
    seconds = (time.process_time() - started) / sweeps
    errors = [
        model.predict(Pairs(view.users, view.items, side)) - view.ratings
        for side, view in ((Side.SOURCE, data.source), (Side.TARGET, data.target))
    ]
    return seconds, float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factors", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[256, 2048])
    options = parser.parse_args()
    torch.set_num_threads(1)
    # About the size of Douban's book and music.
    planted = Planted((2000, 1700), (5000, 5000), (45, 40), shared_users=1500)
    pair = planted_pair(planted)
    task = make_task("planted", pair.source, pair.target)
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    data = training_data(CMF, task, split, text="summary")
    n = len(data.source.users) + len(data.target.users)
    print(f"{n:,} ratings, {options.factors} factors, one thread")
    for size in options.batch_sizes:
        ours, theirs = [], []
        for _ in range(options.repeats):
            ours.append(sweep_seconds(data, options.epochs, options.factors))
            theirs.append(loop_seconds(data, options.epochs, options.factors, size))
        faster = median(t[0] / o[0] for o, t in zip(ours, theirs, strict=True))
        print(
            f"batches of {size}: a sweep {median(o[0] for o in ours):.2f} s (training RMSE "
            f"{ours[0][1]:.3f} after {options.epochs}), an epoch of the loop "
            f"{median(t[0] for t in theirs):.2f} s ({theirs[0][1]:.3f}): {faster:.1f} times faster"
        )


if __name__ == "__main__":
    main()
