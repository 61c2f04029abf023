"""Algorithm 1: the stacked, gathered, zipped training against the plain loop it stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any, get_args

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor, nn

from benchmark.data.task import Task
from methods.dml import DML, dual
from methods.dml.dual import (
    DualKind,
    DualLearning,
    Ratings,
    StepOrder,
    UserKind,
    dropout_mask,
    shuffled,
)
from methods.dml.networks import Mlp
from methods.dml.orthogonal import LatentMap, gram_schmidt
from methods.dml.pair import NetworkPair
from scripts.measure.dml_epoch import measure

D, HIDDEN, LR, ALPHA, DROPOUT = 4, 8, 1e-2, 0.3, 0.25


def generators(seed: int = 0) -> tuple[torch.Generator, torch.Generator]:
    return torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)


def ratings(n: int, seed: int) -> Ratings:
    generator = torch.Generator().manual_seed(seed)
    users, items = torch.randint(0, 12, (2, n), generator=generator)
    tables = [torch.empty(12, D).uniform_(-0.5, 0.5, generator=generator) for _ in range(2)]
    return Ratings(*tables, users, items, torch.rand(n, generator=generator))


def learning(
    kind: DualKind = "swap",
    sizes: tuple[int, int] = (300, 170),
    steps: StepOrder = "own-map-dual",
    users: UserKind = "own",
) -> DualLearning:
    a, b = ratings(sizes[0], 1), ratings(sizes[1], 2)
    x = LatentMap("gs", D, lr=0.5, penalty=0, generator=torch.Generator().manual_seed(3))
    return DualLearning(
        NetworkPair(Mlp(D, HIDDEN), generators(4), partial(torch.optim.Adam, lr=LR)),
        x,
        (a, b),
        (a.user_table, b.user_table),
        torch.arange(6)[:, None].expand(6, 2),
        generators(5),
        dual=kind,
        represent=users,
        steps=steps,
        alpha=ALPHA,
        dropout=DROPOUT,
        batch_size=16,
    )


class PlainLoop:
    """Algorithm 1 with a module and an optimiser a domain, one batch after the other."""

    def __init__(self, fast: DualLearning) -> None:
        self.fast = fast
        self.networks = [_module(fast.networks.parameters(k)) for k in (0, 1)]
        self.adams = [torch.optim.Adam(n.parameters(), lr=LR) for n in self.networks]

    def epoch(self, orders: list[Tensor], masks: dict[int, list[Tensor]]) -> dict[str, float]:
        """Rows and dropout as the fast loop drew them: ``orders`` pass by pass and network."""
        a, b = self.fast.domains
        losses = {}
        own = 1.0 if self.fast.dual == "off" else 1 - ALPHA
        losses["L_A"], losses["L_B"] = self.passed([a, b], own, orders[:2], masks)
        x = self.fast.map.matrix.float()
        mapped = [(a.user_table @ x.T, a), (b.user_table @ x, b)]
        inputs = [Ratings(table, d.item_table, d.users, d.items, d.values) for table, d in mapped]
        if self.fast.dual == "same":
            losses["L_A*"], losses["L_B*"] = self.passed(inputs, ALPHA, orders[2:], masks)
        if self.fast.dual == "swap":
            losses["L_B*"], losses["L_A*"] = self.passed(inputs[::-1], ALPHA, orders[2:], masks)
        if self.fast.dual == "one-way":
            none = [b.none(), inputs[0]]
            losses["L_A*"] = self.passed(none, ALPHA, orders[2:], masks)[1]
        return losses

    def passed(
        self, inputs: list[Ratings], weight: float, orders: list[Tensor], masks: Any
    ) -> list[float]:
        losses: list[list[float]] = [[], []]
        for rows in zip_longest(*orders):
            for k in (0, 1):
                if rows[k] is None:
                    continue
                own, row = inputs[k], rows[k][rows[k] >= 0]
                pairs = torch.cat(
                    [own.user_table[own.users[row]], own.item_table[own.items[row]]], dim=1
                )
                kept = masks[k].pop(0)[: len(row)]
                first, second, output = self.networks[k]
                hidden = torch.relu(first(pairs)) * kept[:, :HIDDEN]
                hidden = torch.relu(second(hidden)) * kept[:, HIDDEN:]
                loss = nn.functional.mse_loss(output(hidden).squeeze(1), own.values[row])
                self.adams[k].zero_grad()
                (weight * loss).backward()
                self.adams[k].step()
                losses[k].append(loss.item())
        return [float(np.mean(each)) if each else np.nan for each in losses]


def _module(parameters: list[Tensor]) -> nn.ModuleList:
    layers = nn.ModuleList()
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.weight.data, layer.bias.data = weight[0].T.clone(), bias[0, 0].clone()
        layers.append(layer)
    return layers


@pytest.mark.parametrize("kind", ["off", "one-way", "same", "swap"])
@pytest.mark.parametrize("sizes", [(300, 170), (90, 333), (160, 160)])
def test_stacked_training_equals_the_plain_loop(
    kind: DualKind, sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = learning(kind, sizes)
    slow = PlainLoop(fast)
    orders: list[Tensor] = []
    masks: dict[int, list[Tensor]] = defaultdict(list)

    def recorded_order(n: int, batch_size: int, generator: torch.Generator) -> Tensor:
        orders.append(shuffled(n, batch_size, generator))
        return orders[-1]

    def recorded_mask(shape: tuple[int, ...], rate: float, generator: torch.Generator) -> Tensor:
        mask = dropout_mask(shape, rate, generator)
        masks[fast.generators.index(generator)] += list(mask)
        return mask

    monkeypatch.setattr(dual, "shuffled", recorded_order)
    monkeypatch.setattr(dual, "dropout_mask", recorded_mask)
    for _ in range(3):
        orders.clear()
        losses = fast.epoch()
        for name, loss in slow.epoch(orders, masks).items():
            assert_allclose(losses[name], loss, rtol=1e-4)
    for k in (0, 1):
        layers = slow.networks[k]
        expected = [p for layer in layers for p in (layer.weight.T[None], layer.bias[None, None])]
        for ours, theirs in zip(fast.networks.parameters(k), expected, strict=True):
            assert_allclose(ours, theirs.detach(), atol=1e-5)


def test_swapping_the_networks_is_not_the_same_as_keeping_them() -> None:
    curves = {kind: learning(kind).run(epochs=2, tolerance=0)["L_A"] for kind in ("swap", "same")}
    assert curves["swap"][0] == curves["same"][0]
    assert curves["swap"][1] != curves["same"][1]


@pytest.mark.parametrize("steps", get_args(StepOrder))
def test_the_steps_come_in_the_order_that_is_asked_for(
    steps: StepOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    trained, learnt = DualLearning._train, LatentMap.learn

    def train(self: DualLearning, inputs: Any, weight: float) -> Any:
        own = torch.equal(inputs[0].user_table, self.domains[0].user_table)
        done.append("own" if own else "dual")
        return trained(self, inputs, weight)

    def learn(self: LatentMap, *overlap: Tensor, batch_size: int) -> None:
        done.append("map")
        learnt(self, *overlap, batch_size=batch_size)

    monkeypatch.setattr(DualLearning, "_train", train)
    monkeypatch.setattr(LatentMap, "learn", learn)
    learning(steps=steps).epoch()
    assert "-".join(done) == steps


@pytest.mark.parametrize("changed", [0, 1])
def test_one_way_the_target_learns_from_the_source_but_not_the_source_from_the_target(
    changed: int,
) -> None:
    clean, poisoned = learning("one-way"), learning("one-way")
    poisoned.domains = tuple(  # type: ignore[assignment]
        replace(ratings, values=1 - ratings.values) if k == changed else ratings
        for k, ratings in enumerate(poisoned.domains)
    )
    for each in (clean, poisoned):
        each.run(epochs=2, tolerance=0)
    other = [each.networks.parameters(1 - changed)[0] for each in (clean, poisoned)]
    assert torch.equal(*other) == (changed == 1)


def test_a_shared_user_is_represented_by_what_both_domains_know() -> None:
    fast = learning(users="shared")
    fast.map.matrix = torch.eye(D, dtype=torch.float64)[[1, 0, 2, 3]]
    a, b = fast.users
    table = torch.cat([b, b])
    shown = fast.represented(1, table).view(2, *b.shape)
    for copy in shown:
        assert_allclose(copy[:6], (1 - ALPHA) * b[:6] + ALPHA * a[:6, [1, 0, 2, 3]])
        assert torch.equal(copy[6:], b[6:])
    # Mapped into the other domain's space, it is what stands for the user there, at alpha 1/2.
    fast.alpha = 0.5
    there = fast.map.to_target(fast.represented(0, a)[:6])
    assert_allclose(there, fast.represented(1, b)[:6], atol=1e-7)


def test_every_rating_is_used_once_an_epoch() -> None:
    order = shuffled(150, 16, generators()[0])
    assert order.shape == (10, 16)
    assert_allclose(np.sort(order[order >= 0]), np.arange(150))
    assert (order[-1] >= 0).sum() == 150 - 9 * 16


def test_dropout_zeroes_the_rate_and_keeps_the_mean() -> None:
    mask = dropout_mask((50, 100, 21), 0.1, generators()[0])
    assert mask.shape == (50, 100, 21)
    assert_allclose((mask == 0).float().mean(), 0.1, atol=4e-3)
    assert_allclose(mask.mean(), 1, atol=5e-3)
    assert_allclose(mask[mask > 0], 1 / 0.9, rtol=1e-6)
    # Units are dropped independently of their neighbours, which share a draw.
    dropped = (mask == 0).double()
    assert abs(np.corrcoef(dropped[..., 0].flatten(), dropped[..., 1].flatten())[0, 1]) < 0.05


def test_no_dropout_keeps_everything() -> None:
    assert torch.equal(dropout_mask((3, 5), 0.0, generators()[0]), torch.ones(3, 5))


def test_the_loop_ends_when_the_loss_does_not_change() -> None:
    assert len(learning().run(epochs=9, tolerance=np.inf)["training loss"]) == 2


def test_the_loop_runs_for_all_its_epochs_while_the_loss_changes() -> None:
    history = learning().run(epochs=5, tolerance=0)
    assert set(map(len, history.values())) == {5}
    assert history["training loss"][-1] < history["training loss"][0]


def test_the_training_loss_is_the_sum_of_algorithm_1s_losses() -> None:
    history = learning().run(epochs=2, tolerance=0)
    parts = np.sum([history[name] for name in ("L_A", "L_B", "L_o", "L_A*", "L_B*")], axis=0)
    assert_allclose(history["training loss"], parts)


def test_without_dual_learning_the_domains_do_not_touch() -> None:
    alone, together = learning("off", (300, 170)), learning("off", (300, 40))
    for each in (alone, together):
        each.run(epochs=2, tolerance=0)
    pairs = zip(alone.networks.parameters(0), together.networks.parameters(0), strict=True)
    for one, other in pairs:
        assert_allclose(one, other, atol=1e-6)


def networks_of(fitted: DualLearning) -> Iterator[Tensor]:
    for k in (0, 1):
        yield from fitted.networks.parameters(k)


def test_the_same_generators_give_the_same_bits() -> None:
    one, other = learning(), learning()
    for each in (one, other):
        each.run(epochs=2, tolerance=0)
    assert all(map(torch.equal, networks_of(one), networks_of(other)))


@pytest.mark.parametrize("kind", ["swap", "same"])
def test_ids_descend_their_loss_through_the_map(kind: DualKind) -> None:
    n = 12
    fast = learning(kind, (n, n), steps="dual-own-map")
    fast.batch_size, fast.id_lr, fast.dropout = n, 0.05, 0.0
    fast.users = tuple(domain.user_table for domain in fast.domains)  # type: ignore[assignment]
    fast.map.matrix = gram_schmidt(torch.randn(D, D, generator=generators()[0]).double())
    x = fast.map.matrix.float()
    before = [[d.user_table.clone(), d.item_table.clone()] for d in fast.domains]
    networks = [fast.networks.parameters(k) for k in (0, 1)]
    fast._dual()
    for k, domain in enumerate(fast.domains):
        users, items = (table.requires_grad_() for table in before[k])
        rater = 1 - k if kind == "swap" else k
        there = users @ (x if k else x.T)
        pairs = torch.cat([there[domain.users], items[domain.items]], dim=1)
        rated = fast.networks.architecture(networks[rater], pairs[None])[0]
        loss = ALPHA * (rated - domain.values).square().sum()
        for table, after, slope in zip(
            (users, items),
            (domain.user_table, domain.item_table),
            torch.autograd.grad(loss, (users, items)),
            strict=True,
        ):
            assert slope.abs().max() > 1e-3
            assert_allclose(after, (table - 0.05 * slope).detach(), atol=1e-6)


def test_ids_stay_in_the_ball() -> None:
    fast = learning()
    fast.users = tuple(domain.user_table for domain in fast.domains)  # type: ignore[assignment]
    fast.id_lr = 5.0
    fast.run(epochs=2, tolerance=0)
    lengths = [table.norm(dim=1) for d in fast.domains for table in (d.user_table, d.item_table)]
    assert 1 - 1e-3 < torch.cat(lengths).max() <= 1 + 1e-6


def test_an_epoch_is_that_of_algorithm_1_with_embeddings_encoded_anew(task: Task) -> None:
    model = DML(dimension=D, hidden=HIDDEN, dropout=DROPOUT)
    _, losses, parameters = measure(task, 1, model, torch.float64)
    assert max(losses, parameters) < 1e-5
