"""The source-only rows of Tables II and III: no adaptation, M^t = M^s.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-B.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from methods.recsys_dan.dan import RecSysDAN
from methods.recsys_dan.networks import Generators
from methods.recsys_dan.samples import Corpus


@dataclass
class SourceOnly(RecSysDAN):
    """The source's model, applied to the target's documents."""

    name: ClassVar[str] = "source-only"
    title: ClassVar[str] = "Source only"
    smoke: ClassVar[Mapping[str, Any]] = {
        "embedding": 16,
        "lstm_width": 16,
        "interaction_width": 32,
        "max_words": 20,
        "pretrain_epochs": 2,
    }

    def _target_generators(
        self, source_generators: Generators, corpus: Corpus, rng: np.random.Generator
    ) -> Generators:
        return source_generators
