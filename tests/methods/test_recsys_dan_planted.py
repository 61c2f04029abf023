"""What UI-DAN makes of planted shifts: undone, none, and one that no alignment can undo.

Settings were chosen on pairs of other seeds. Dropout is off: at the paper's 0.5 the noise of
dropped units hides from Df how far interactions spread, and an equilibrium takes far longer; the
suite recsys-dan-planted has both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from benchmark.data.splits import TEST, split_task
from benchmark.data.synthetic import Planted, PlantedPair, planted_pair
from benchmark.data.task import make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs, Recommender, Side
from methods.recsys_dan.source_only import MultimodalSourceOnly, SourceOnly
from methods.recsys_dan.ui_dan import UIDAN, MultimodalUIDAN

pytestmark = pytest.mark.slow

SEEDS = (1, 2, 3, 4, 5)
ALIKE = Planted(
    users=(120, 120),
    items=(60, 60),
    ratings_per_user=(16, 16),
    shared_users=120,
    shared_items=60,
    bias=0.7,
    affinity=0.2,
    candour=0.8,
)
"""The same users and items in both domains: whatever shift there is, is planted."""
WITH_IMAGES = replace(ALIKE, items=(150, 150), ratings_per_user=(24, 24), shared_items=150)

TEXT: dict[str, Any] = {
    "embedding": 16,
    "lstm_width": 16,
    "interaction_width": 128,
    "max_words": 30,
    "dropout": 0.0,
    "batch_size": 256,
    "pretrain_epochs": 14,
}
IMAGE = TEXT | {"batch_size": 384, "image_channels": (8, 8), "image_width": 64}
EPOCHS = 15


@dataclass(frozen=True)
class Errors:
    """RMSE on the target's test rows: before and after adaptation, and had it been supervised."""

    before: float
    after: float
    supervised: float

    @property
    def closed(self) -> float:
        """The share of the gap to the supervised network that adaptation closes."""
        return (self.before - self.after) / (self.before - self.supervised)


def median(figure: Callable[[Errors], float], errors: list[Errors]) -> float:
    return float(np.median([figure(of_seed) for of_seed in errors]))


def unimodal(planted: Planted, seeds: Sequence[int]) -> list[Errors]:
    return [errors(replace(planted, seed=seed), UIDAN, SourceOnly, TEXT) for seed in seeds]


def errors(
    planted: Planted,
    adapted: type[UIDAN] | type[MultimodalUIDAN],
    plain: type[Recommender],
    settings: Mapping[str, Any],
) -> Errors:
    pair = planted_pair(planted)
    data, pairs, ratings = of_task(pair, adapted, own=False)
    model = adapted(**settings, epochs=EPOCHS, snapshot_epochs=(0,)).fit(data, seed=1)
    unadapted = model.snapshots_[0].scorers[Side.TARGET].score(pairs)
    # The same network where the target is its own source.
    supervised = plain(**settings).fit(of_task(pair, plain, own=True)[0], seed=1)
    predicted = (unadapted, model.predict(pairs), supervised.predict(pairs))
    return Errors(*(float(np.sqrt(np.mean((p - ratings) ** 2))) for p in predicted))


def of_task(
    pair: PlantedPair, method: type[Recommender], *, own: bool
) -> tuple[TrainingData, Pairs, FloatArray]:
    """What ``method`` learns from, and the target's test pairs with their ratings."""
    source = pair.target if own else pair.source
    task = make_task("planted", source, pair.target)
    split = split_task(source, pair.target, "80/10/10", seed=1)
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    return training_data(method, task, split, text="summary"), pairs, task.target.ratings[rows]


def test_other_words_of_the_same_meaning_are_adapted_to() -> None:
    found = unimodal(replace(ALIKE, synonyms=0.6), SEEDS)
    assert median(lambda e: e.before - e.supervised, found) > 0.2
    assert median(lambda e: e.closed, found) >= 0.5


def test_other_words_and_another_exposure_of_images_are_adapted_to() -> None:
    planted = replace(WITH_IMAGES, synonyms=0.6, contrast=0.6, brightness=-1.0)
    found = [
        errors(replace(planted, seed=seed), MultimodalUIDAN, MultimodalSourceOnly, IMAGE)
        for seed in SEEDS
    ]
    assert median(lambda e: e.before - e.supervised, found) > 0.2
    assert median(lambda e: e.closed, found) >= 0.5


def test_where_nothing_has_shifted_adaptation_does_no_harm() -> None:
    assert median(lambda e: e.after / e.before, unimodal(ALIKE, SEEDS[:3])) <= 1.02


def test_a_shift_that_leaves_the_distributions_alone_is_not_undone() -> None:
    found = unimodal(replace(ALIKE, mirrored=True), SEEDS[:3])
    assert median(lambda e: e.before - e.supervised, found) > 0.5
    assert median(lambda e: e.closed, found) < 0.1
