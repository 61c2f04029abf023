"""Measures RecSys-DAN's training against its plain form, on the same batches, in one run.

The plain form pads every sample's two documents to the cap, encodes them with ``torch.nn.LSTM``
and reuses nothing. Data have the size of Digital Music: 51,600 pairs, 5,541 users, 3,568 items, a
vocabulary of 5,000, batches of 512. A few updates are timed, plain and ours in turn by blocks: in
an epoch an update follows its like, and finds in the cache what that left. Their medians are
extrapolated to an epoch, by the clock and by the processor's time, which other work on the machine
leaves alone; both forms must have learned the same to 1e-5.

    .venv/bin/python scripts/measure/recsys_dan_speed.py --words 100 --threads 2
"""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Callable
from statistics import median

import click
import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.text import PAD, Documents
from methods.recsys_dan.adaptation import SOURCE, Game, Pools, discriminator_loss
from methods.recsys_dan.lstm import TextEncoder
from methods.recsys_dan.networks import Generators, Interaction, discriminator
from methods.recsys_dan.optimizers import optimizer_of
from methods.recsys_dan.pretraining import SourceModel
from methods.recsys_dan.samples import Samples

PAIRS, USERS, ITEMS, VOCABULARY, BATCH = 51_600, 5_541, 3_568, 5_000, 512
UPDATES_AN_EPOCH = -(-PAIRS // BATCH)
BLOCK = 3


def documents(n: int, cap: int, rng: np.random.Generator) -> Documents:
    """Random documents whose lengths are lognormal about 0.6 of the cap, and cut there."""
    lengths = np.clip(rng.lognormal(np.log(0.6 * cap), 0.6, n).astype(np.int64), 1, cap)
    words = rng.zipf(1.2, size=(n, cap)) % (VOCABULARY - 2) + 2
    return Documents(
        np.where(np.arange(cap) < lengths[:, None], words, PAD).astype(np.int32), lengths
    )


def samples(cap: int, rng: np.random.Generator) -> Samples:
    """Pairs of popular and rare users and items, of random documents and ratings."""
    users, items = (
        np.minimum((n * rng.beta(0.7, 1.5, PAIRS)).astype(np.int64), n - 1) for n in (USERS, ITEMS)
    )
    return Samples(
        documents(USERS, cap, rng),
        documents(ITEMS, cap, rng),
        USERS,
        ITEMS,
        users,
        items,
        np.arange(PAIRS),
        rng.integers(1, 6, PAIRS).astype(np.float64),
    )


class PlainEncoder(nn.Module):
    """Embedding, ``nn.LSTM`` and mean of the states at words, of padded documents (n, cap)."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        width = encoder.recurrent_weights.shape[1]
        self.embedding = nn.Parameter(encoder.embedding.detach().clone())
        self.lstm = nn.LSTM(self.embedding.shape[1], width, batch_first=True)

        def reordered(gates: Tensor) -> Tensor:
            i, f, o, g = gates.detach().chunk(4)
            return torch.cat([i, f, g, o])

        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(reordered(encoder.input_weights))
            self.lstm.weight_hh_l0.copy_(reordered(encoder.recurrent_weights))
            self.lstm.bias_ih_l0.copy_(reordered(encoder.bias))
            self.lstm.bias_hh_l0.zero_()
        # One bias learns, as in ours.
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, inputs: Documents) -> Tensor:
        """Codes (n, width)."""
        tokens = torch.from_numpy(inputs.tokens.astype(np.int64))
        states, _ = self.lstm(nn.functional.embedding(tokens, self.embedding))
        mask = (tokens != PAD).float()[:, :, None]
        codes: Tensor = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return codes


class PlainGenerators(nn.Module):
    """The same M, without reuse: two documents are encoded for every pair."""

    def __init__(self, generators: Generators) -> None:
        super().__init__()
        self.user = PlainEncoder(generators.user)
        self.item = PlainEncoder(generators.item)
        self.interaction = copy.deepcopy(generators.interaction)

    def forward(self, pairs: Samples, rows: np.ndarray) -> Tensor:
        """Interactions (n, width)."""
        interactions: Tensor = self.interaction(
            self.user(pairs.user_inputs[pairs.users[rows]]),
            self.item(pairs.item_inputs[pairs.items[rows]]),
        )
        return interactions


Update = Callable[[np.ndarray], None]


def pre_training(model: nn.Module, pairs: Samples) -> Update:
    """One update of Eq. (4)."""
    updater = optimizer_of("adadelta", (w for w in model.parameters() if w.requires_grad))
    ratings = torch.from_numpy(pairs.ratings).float()

    def update(rows: np.ndarray) -> None:
        loss = nn.functional.mse_loss(model(pairs, rows), ratings[rows])
        updater.zero_grad()
        loss.backward()
        updater.step()

    return update


def plain_game(
    source: nn.Module,
    target: PlainGenerators,
    d: nn.Module,
    both: tuple[Samples, Samples],
    *,
    only_f: bool,
) -> Update:
    """One update of Eqs. (5) and (6), everything encoded when it is needed."""
    learning = target.interaction if only_f else target
    m_updater = optimizer_of("adadelta", (w for w in learning.parameters() if w.requires_grad))
    d_updater = optimizer_of("adadelta", d.parameters())
    for part in (target.user, target.item) if only_f else ():
        part.requires_grad_(False)

    def update(rows: np.ndarray) -> None:
        with torch.no_grad():
            from_source = source(both[0], rows)
        from_target = target(both[1], rows)
        d_loss = discriminator_loss(d(from_source), d(from_target.detach()))
        d_updater.zero_grad()
        d_loss.backward()
        d_updater.step()
        m_loss = -d(from_target)[:, SOURCE].mean()
        m_updater.zero_grad()
        m_loss.backward()
        m_updater.step()

    return update


def our_game(pools: Pools, d: nn.Module) -> Update:
    """The same by the code that the methods run."""
    game = Game("f", d, pools.target_generators.parameters(), "inverted", "adadelta")

    def update(rows: np.ndarray) -> None:
        game.epoch(pools.codes([(rows, rows)]))

    return update


def compare(
    what: str, goal: float, ours: Update, plain: Update, batches: list[np.ndarray], once: float = 0
) -> None:
    """Time both forms in turn on blocks of batches; ``once`` are seconds that a run costs ours."""
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    for block in (batches[k : k + BLOCK] for k in range(0, len(batches), BLOCK)):
        for name, update in (("ours", ours), ("plain", plain)):
            for k, rows in enumerate(block):
                started = time.perf_counter(), time.process_time()
                update(rows)
                ended = time.perf_counter(), time.process_time()
                # A block's first update brings back what the other form has driven out.
                if k:
                    spent[name].append((ended[0] - started[0], ended[1] - started[1]))
    click.echo(f"{what} (wanted: {goal:g} times as fast)")
    for k, clock in enumerate(("clock", "processor")):
        an_epoch = {
            name: median(times[k] for times in all_) * UPDATES_AN_EPOCH
            for name, all_ in spent.items()
        }
        click.echo(
            f"  by the {clock}: plain {an_epoch['plain']:.1f} s an epoch, "
            f"ours {an_epoch['ours']:.2f} s, {an_epoch['plain'] / an_epoch['ours']:.1f} times"
        )
    if once:
        click.echo(f"  and ours {once:.1f} s once a run")


def difference(ours: Callable[..., Tensor], plain: Callable[..., Tensor], *of: object) -> float:
    """The largest difference of what both forms give."""
    with torch.no_grad():
        return float((ours(*of) - plain(*of)).abs().max())


@click.command()
@click.option("--words", default=100, help="The cap on a document's words.")
@click.option("--threads", default=2, help="Threads of torch.")
@click.option("--blocks", default=3, help=f"Blocks of {BLOCK} updates, whose first do not count.")
def main(words: int, threads: int, blocks: int) -> None:
    """Print seconds an epoch of both forms, how far they differ, and ours' peak memory."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    both = samples(words, rng), samples(words, rng)
    batches = [rng.permutation(PAIRS)[:BATCH] for _ in range(blocks * BLOCK)]
    click.echo(
        f"{words} words, {threads} threads, medians of {blocks * (BLOCK - 1)} updates, "
        f"{UPDATES_AN_EPOCH} updates an epoch"
    )
    # Dropout is off, for two forms cannot drop the same units of different batches.
    generators = Generators(
        *(TextEncoder(VOCABULARY, embedding=256, width=256) for _ in range(2)),
        Interaction(512, 512, dropout=0.0, activation="linear"),
    )

    model = SourceModel(copy.deepcopy(generators), 512)
    plain_model = copy.deepcopy(model)
    plain_model.generators = PlainGenerators(generators)
    targets = {name: copy.deepcopy(generators) for name in ("all", "f")}
    started = time.perf_counter()
    pools = {
        name: Pools.of(
            generators, both[0], targets[name], both[1], adapt=name, source_dropout=True
        )
        for name in targets
    }
    once = (time.perf_counter() - started) / 3  # Source twice and target once, of equal size.
    d = discriminator(512, 512)
    rivals = {name: (copy.deepcopy(d), copy.deepcopy(d)) for name in targets}

    # Ours alone first, for the peak of memory is the process's.
    pre_training(copy.deepcopy(model), both[0])(batches[0])
    our_game(
        Pools.of(
            generators,
            both[0],
            copy.deepcopy(generators),
            both[1],
            adapt="all",
            source_dropout=True,
        ),
        copy.deepcopy(d),
    )(batches[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    click.echo(f"peak memory of ours, data and torch included: {peak:.2f} GB")

    compare(
        "pre-training",
        2.5,
        pre_training(model, both[0]),
        pre_training(plain_model, both[0]),
        batches,
    )
    click.echo(
        f"  predictions differ by {difference(model, plain_model, both[0], batches[0]):.1e}"
    )
    for name, goal in (("all", 3), ("f", 100)):
        plain_source, plain_target = PlainGenerators(generators), PlainGenerators(generators)
        ours_d, plain_d = rivals[name]
        compare(
            f"adversarial, adapt = {name}",
            goal,
            our_game(pools[name], ours_d),
            plain_game(plain_source, plain_target, plain_d, both, only_f=name == "f"),
            batches,
            once * (2 if name == "f" else 1),
        )
        apart = difference(targets[name], plain_target, both[1], batches[0])
        click.echo(f"  interactions differ by {apart:.1e}")


if __name__ == "__main__":
    main()
