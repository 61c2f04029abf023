"""U-, I- and H-DAN: what the domains share fine-tunes the target's users or items.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Algorithm 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from benchmark.data.views import TrainingData
from benchmark.errors import NotApplicableError
from benchmark.recommender import IntArray, Overlap
from methods.recsys_dan import ui_dan
from methods.recsys_dan.adaptation import Game
from methods.recsys_dan.adversarial import Adversarial
from methods.recsys_dan.dan import Setting, Stage
from methods.recsys_dan.fine_tuning import SharedPool
from methods.recsys_dan.modalities import Multimodal, Unimodal
from methods.recsys_dan.networks import Generators, discriminator
from methods.recsys_dan.samples import Corpus, Inputs, Samples
from methods.recsys_dan.shared import Level, Triples, triples
from methods.recsys_dan.switches import CountOrNone, Positive

_STAGES: Mapping[Level, Stage] = {"u": Stage.USER_FINE_TUNING, "v": Stage.ITEM_FINE_TUNING}
_SHARED: Mapping[Level, str] = {"u": "items", "v": "users"}
SMOKE: Mapping[str, Any] = {**ui_dan.SMOKE, "fine_tuning_epochs": 1}


@dataclass
class FineTuned(Adversarial):
    """UI-DAN, then G^t_u on the users of shared items and G^t_v on the items of shared users.

    An instance fine-tunes what its ``overlap`` allows, whether or not the other kind is shared
    too: Table III has all four instances on one pair that shares both.
    """

    fine_tuning_epochs: CountOrNone = 300
    """Silent: Figs. 4c and 4d end at about 400 epochs, 100 of which are UI-DAN's."""
    fine_tuning_factor: Positive = 0.001
    """Of all learning rates; section V-C and Algorithm 2."""
    aligned: bool = True
    """Silent: what section V-A aligns, "an equal number of training reviews for both domains".
    Here triples, one a review, as many of a shared user (item) from both; documents keep all. The
    23 shared users of Table I may be a triple each."""

    def _shared(self, data: TrainingData, corpus: Corpus, seed: int) -> Mapping[Level, Triples]:
        source, target = corpus.source.rows, corpus.target.rows
        found: dict[Level, Triples] = {}
        # Algorithm 2's Do_u: the users of shared items; Do_v: the items of shared users.
        if Overlap.ITEMS in self.overlap:
            owners = data.source.items[source], data.target.items[target]
            rng = Stage.SHARED_ITEMS.begin(seed)
            found["u"] = triples(*owners, data.shared_items, aligned=self.aligned, rng=rng)
        if Overlap.USERS in self.overlap:
            owners = data.source.users[source], data.target.users[target]
            rng = Stage.SHARED_USERS.begin(seed)
            found["v"] = triples(*owners, data.shared_users, aligned=self.aligned, rng=rng)
        for level, kind in _SHARED.items():
            if level in found and not len(found[level]):
                raise NotApplicableError(
                    f"{self.name} needs {kind} with training rows in both domains; "
                    "the domains share none"
                )
        return found

    def _target_generators(self, setting: Setting) -> Generators:
        generators = self._adapted(setting)
        # H-DAN is both; neither learns from the other, so their order is of no account.
        for level, found in setting.shared.items():
            self._fine_tune(level, found, setting, generators)
        return generators

    def _fine_tune(
        self, level: Level, found: Triples, setting: Setting, generators: Generators
    ) -> None:
        rng = _STAGES[level].begin(setting.seed)
        source = _part(level, setting.model.generators, setting.corpus.source, found.source)
        target = _part(level, generators, setting.corpus.target, found.target)
        pool = SharedPool(*source, *target)
        game = Game(
            level,
            discriminator(self.lstm_width, self.discriminator_width),
            target[0].parameters(),
            self.loss,
            self.optimizer,
            factor=self.fine_tuning_factor,
        )
        for _ in range(self.fine_tuning_epochs):
            for name, value in game.epoch(pool.codes(self.batch_size, rng)).items():
                self.history_.setdefault(name, []).append(value)
        self.facts_[f"triples of shared {_SHARED[level]}"] = len(found)


def _part(
    level: Level, generators: Generators, samples: Samples, pairs: IntArray
) -> tuple[nn.Module, Inputs, IntArray]:
    """Gu and the users of the pairs (n,) as it takes them, or Gv and the items."""
    if level == "u":
        return generators.user, samples.user_inputs, samples.users[pairs]
    return generators.item, samples.item_inputs, samples.items[pairs]


@dataclass
class UDAN(Unimodal, FineTuned):
    """Shared items: reviews of their users."""

    name: ClassVar[str] = "u-dan"
    title: ClassVar[str] = "U-DAN (a, u)"
    overlap: ClassVar[Overlap] = Overlap.ITEMS
    smoke: ClassVar[Mapping[str, Any]] = {**Unimodal.smoke, **SMOKE}


@dataclass
class IDAN(Unimodal, FineTuned):
    """Shared users: reviews of their items."""

    name: ClassVar[str] = "i-dan"
    title: ClassVar[str] = "I-DAN (a, u)"
    overlap: ClassVar[Overlap] = Overlap.USERS
    smoke: ClassVar[Mapping[str, Any]] = {**Unimodal.smoke, **SMOKE}


@dataclass
class HDAN(Unimodal, FineTuned):
    """Shared users and items: reviews of both."""

    name: ClassVar[str] = "h-dan"
    title: ClassVar[str] = "H-DAN (a, u)"
    overlap: ClassVar[Overlap] = Overlap.USERS | Overlap.ITEMS
    smoke: ClassVar[Mapping[str, Any]] = {**Unimodal.smoke, **SMOKE}


@dataclass
class MultimodalUDAN(Multimodal, FineTuned):
    """Shared items: reviews of their users."""

    name: ClassVar[str] = "u-dan-m"
    title: ClassVar[str] = "U-DAN (a, m)"
    overlap: ClassVar[Overlap] = Overlap.ITEMS
    smoke: ClassVar[Mapping[str, Any]] = {**Multimodal.smoke, **SMOKE}


@dataclass
class MultimodalIDAN(Multimodal, FineTuned):
    """Shared users: images of their items."""

    name: ClassVar[str] = "i-dan-m"
    title: ClassVar[str] = "I-DAN (a, m)"
    overlap: ClassVar[Overlap] = Overlap.USERS
    smoke: ClassVar[Mapping[str, Any]] = {**Multimodal.smoke, **SMOKE}


@dataclass
class MultimodalHDAN(Multimodal, FineTuned):
    """Shared users and items: images of the ones, reviews of the others."""

    name: ClassVar[str] = "h-dan-m"
    title: ClassVar[str] = "H-DAN (a, m)"
    overlap: ClassVar[Overlap] = Overlap.USERS | Overlap.ITEMS
    smoke: ClassVar[Mapping[str, Any]] = {**Multimodal.smoke, **SMOKE}
