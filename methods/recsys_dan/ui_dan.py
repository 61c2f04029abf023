"""UI-DAN: adversarial adaptation where the domains share neither users nor items.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Algorithm 1.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from methods.recsys_dan.adaptation import Adapt, Epoch, Game, GeneratorLoss, adapt
from methods.recsys_dan.dan import RecSysDAN
from methods.recsys_dan.networks import Generators, discriminator
from methods.recsys_dan.samples import Corpus
from methods.recsys_dan.source_only import SourceOnly


@dataclass
class UIDAN(RecSysDAN):
    """M^t starts as M^s and learns pair codes that a discriminator takes for the source's."""

    name: ClassVar[str] = "ui-dan"
    title: ClassVar[str] = "UI-DAN (a, u)"
    smoke: ClassVar[Mapping[str, Any]] = {
        **SourceOnly.smoke,
        "discriminator_width": 32,
        "epochs": 2,
    }

    discriminator_width: int = 512
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
    epochs: int = 100
    """Section V-D8: about 100 to an equilibrium; fixed, for no target rating may stop it."""
    source_dropout: bool = True
    """Silent: whether M^s drops units too while it plays. Without, dropped units alone give the
    target away, and the accuracy of 50 % that Fig. 4 shows is out of reach."""

    def _target_generators(
        self, source_generators: Generators, corpus: Corpus, rng: np.random.Generator
    ) -> Generators:
        generators = copy.deepcopy(source_generators)
        game = Game(
            self.adapt,
            self.loss,
            self.epoch,
            self.batch_size,
            self.optimizer,
            self.source_dropout,
        )
        epochs = adapt(
            source_generators,
            generators,
            corpus.source,
            corpus.target,
            discriminator(self.interaction_width, self.discriminator_width),
            game,
            rng,
        )
        for curves in islice(epochs, self.epochs):
            for name, value in curves.items():
                self.history_.setdefault(name, []).append(value)
        self.facts_["adversarial epochs"] = self.epochs
        return generators
