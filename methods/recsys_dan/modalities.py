"""The two ways to represent an item: by its reviews (u) or by its image (m).

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-C.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from benchmark.recommender import Signal
from methods.recsys_dan.dan import RecSysDAN, settings_of
from methods.recsys_dan.images import ImageEncoder
from methods.recsys_dan.lstm import TextEncoder
from methods.recsys_dan.samples import Corpus, Modality
from methods.recsys_dan.switches import Count

SMOKE: Mapping[str, Any] = {
    "embedding": 4,
    "lstm_width": 4,
    "interaction_width": 8,
    "max_words": 10,
    "pretrain_epochs": 1,
}


@dataclass
class Unimodal(RecSysDAN):
    """Users and items by their reviews."""

    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS
    target_data: ClassVar[Signal] = Signal.REVIEWS
    modality: ClassVar[Modality] = "unimodal"
    smoke: ClassVar[Mapping[str, Any]] = SMOKE

    tie_embeddings: bool = False
    """Silent: whether Gu and Gv share their words; Θ_u and Θ_v are listed apart, so they do not.
    Where they do, fine-tuning one moves the other's words too."""

    def _source_settings(self) -> dict[str, object]:
        return {"modality": self.modality, **settings_of(self, Unimodal)}

    def _item_generator(self, corpus: Corpus, user: TextEncoder) -> nn.Module:
        item = self._text_generator(corpus)
        if self.tie_embeddings:
            item.embedding = user.embedding
        return item


@dataclass
class Multimodal(RecSysDAN):
    """Users by their reviews, items by their images or by features of these."""

    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS | Signal.IMAGES
    target_data: ClassVar[Signal] = Signal.REVIEWS | Signal.IMAGES
    modality: ClassVar[Modality] = "multimodal"
    smoke: ClassVar[Mapping[str, Any]] = {**SMOKE, "image_channels": (2, 2), "image_width": 8}

    image_channels: Sequence[Count] = (32, 64, 64, 64)
    """Silent: filters of the CNN's blocks; none are used where images come as features."""
    image_width: Count = 4096
    """Units of the first dense layer on images, the second has ``lstm_width``; section V-C."""

    def _source_settings(self) -> dict[str, object]:
        return {"modality": self.modality, **settings_of(self, Multimodal)}

    def _item_generator(self, corpus: Corpus, user: TextEncoder) -> nn.Module:
        images = corpus.source.item_inputs
        assert isinstance(images, torch.Tensor)
        return ImageEncoder(
            images.shape[1:],
            channels=self.image_channels,
            hidden=self.image_width,
            width=self.lstm_width,
        )
