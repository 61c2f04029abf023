"""The adaptation of interactions, which all instances but source-only begin with.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Algorithm 1; Tzeng et al.: ADDA, CVPR 2017.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import Side
from methods.recsys_dan.adaptation import (
    Adapt,
    Epoch,
    Game,
    GeneratorLoss,
    Pools,
    accuracy,
    schedule,
)
from methods.recsys_dan.dan import RecSysDAN, Setting, Stage, settings_of
from methods.recsys_dan.networks import Generators, discriminator
from methods.recsys_dan.scorer import Scorer, Snapshot
from methods.recsys_dan.switches import Count, CountOrNone, PositiveShare

Stopping = Literal["fixed", "equilibrium"]
Start = Literal["source", "untrained"]
_Adapted = tuple[dict[str, Tensor], dict[str, list[float]], dict[int, Scorer]]
"""What M^t has learned, curves by epoch, and the target's scorers after some epochs."""


@dataclass
class Adversarial(RecSysDAN):
    """M^t starts as M^s and learns pair codes that a discriminator takes for the source's."""

    discriminator_width: Count = 512
    """Hidden units of the discriminator; section V-C."""
    adapt: Adapt = "all"
    """Silent: the paper says both; ``all`` of M^t learns in Eq. (6) and Algorithm 1, G^t_f alone
    (``f``) in the bullets of section IV-B."""
    loss: GeneratorLoss = "inverted"
    """Differs: ``saturating`` is Eq. (6) as printed; ``inverted`` labels are what ADDA, by which
    the paper is inspired, does in its code."""
    epoch: Epoch = "zipped"
    """Differs: Algorithm 1 has target batches ``nested`` in source batches, 16 times the steps
    that section V-D8's running time allows on DM -> MI."""
    epochs: CountOrNone = 100
    """Section V-D8: about 100 to an equilibrium; at most so many where ``stopping`` says when."""
    stopping: Stopping = "fixed"
    """Silent: the stopping criterion of Algorithm 1; no target rating may be it. ``equilibrium``:
    Df recognises half of the pairs that were held out of the game. That says that Df is beaten,
    and not that one trained anew could not tell the domains apart."""
    tolerance: PositiveShare = 0.02
    """Silent: how near to 0.5 the accuracy of an equilibrium is; the wobble of Fig. 4's curves."""
    settled: Count = 10
    """Silent: epochs over which the accuracy of an equilibrium is averaged."""
    source_dropout: bool = True
    """Silent: whether M^s drops units too while it plays. Without, dropped units alone give the
    target away, and Df's accuracy of 50 % that Fig. 4 shows is out of reach."""
    start: Start = "source"
    """M^t before it learns: "initialized with M^s", below Eq. (6); ``untrained`` shows what that
    contributes."""
    snapshot_epochs: Sequence[CountOrNone] = (0, 50, 100, 200)
    """After which epochs interactions are kept, where reached; those of Fig. 6."""

    def _adapted(self, setting: Setting) -> Generators:
        """M^t after Algorithm 1."""
        rng = Stage.ADAPTATION.begin(setting.seed)
        generators = (
            copy.deepcopy(setting.model.generators)
            if self.start == "source"
            else self._generators(setting.corpus)
        )

        def train() -> _Adapted:
            curves: dict[str, list[float]] = defaultdict(list)
            scorers = {0: self._scorer(setting, generators)} if 0 in self.snapshot_epochs else {}
            for done, epoch in enumerate(self._epochs(setting, generators, rng), start=1):
                for name, value in epoch.items():
                    curves[name].append(value)
                if done in self.snapshot_epochs:
                    scorers[done] = self._scorer(setting, generators)
            return generators.state_dict(), dict(curves), scorers

        settings = {
            **self._source_settings(),
            **settings_of(self, Adversarial),
            "seed": setting.seed,
        }
        weights, curves, scorers = setting.data.stages.recall("adaptation", settings, train)
        generators.load_state_dict(weights)
        self.history_ |= curves
        self._keep(setting, scorers)
        return generators

    def _keep(self, setting: Setting, scorers: Mapping[int, Scorer]) -> None:
        model = setting.model
        source = Scorer.of(model.generators, model.scoring, setting.corpus.source)
        self.snapshots_ = {
            epoch: Snapshot({Side.SOURCE: source, Side.TARGET: target})
            for epoch, target in scorers.items()
        }
        seconds = self.history_.get("adversarial seconds", [])
        self.facts_["adversarial epochs"] = len(seconds)
        if seconds:
            self.facts_["seconds per adversarial epoch"] = mean(seconds)

    def _scorer(self, setting: Setting, generators: Generators) -> Scorer:
        return Scorer.of(generators, setting.model.scoring, setting.corpus.target)

    def _epochs(
        self, setting: Setting, generators: Generators, rng: np.random.Generator
    ) -> Iterator[dict[str, float]]:
        """Train ``generators`` in place until it is time to stop; the averages of each epoch."""
        held_out, target = setting.corpus.held_out, setting.corpus.target
        judged = None
        if self.stopping == "equilibrium":
            judged, target = target.parted(self.held_out, rng)
        pools = Pools.of(
            setting.model.generators,
            setting.corpus.source,
            generators,
            target,
            adapt=self.adapt,
            source_dropout=self.source_dropout,
        )
        d = discriminator(self.interaction_width, self.discriminator_width)
        game = Game("f", d, pools.target_generators.parameters(), self.loss, self.optimizer)
        recognised: list[float] = []
        for _ in range(self.epochs):
            sizes = len(pools.source), len(pools.target), self.batch_size
            curves = game.epoch(pools.codes(schedule(self.epoch, *sizes, rng)))
            if judged is not None:
                recognised.append(self._recognised(d, pools.showing(held_out, judged), rng))
                curves["Df held-out accuracy"] = recognised[-1]
            yield curves
            if self._is_settled(recognised):
                return

    def _recognised(self, d: nn.Module, pools: Pools, rng: np.random.Generator) -> float:
        """Df's accuracy on pairs that it has not learned from."""
        sizes = len(pools.source), len(pools.target), self.batch_size
        with torch.no_grad():
            shares = [
                accuracy(d(from_source), d(from_target))
                for from_source, from_target in pools.codes(schedule("zipped", *sizes, rng))
            ]
        return float(np.mean(shares))

    def _is_settled(self, recognised: list[float]) -> bool:
        last = recognised[-self.settled :]
        return len(last) == self.settled and abs(float(np.mean(last)) - 0.5) <= self.tolerance
