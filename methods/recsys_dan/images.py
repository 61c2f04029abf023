"""The image generator Gv of the multimodal instances, and the scale that its images come in.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, sections IV-A and V-C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from methods.recsys_dan.layers import Dense


class ImageEncoder(nn.Module):
    """Images (n, c, h, w) or features (n, d) to codes (n, width): CNN -> Dense -> Dense(width).

    Features stand for what a CNN has made of an image, and go straight to the dense layers.
    """

    def __init__(
        self, shape: Sequence[int], *, channels: Sequence[int], hidden: int, width: int
    ) -> None:
        super().__init__()
        # Silent: the layout of the CNN and its initial weights; blocks of 3x3 filters, ReLU and
        # pooling that halves, weights as torch draws them.
        self.cnn = nn.Sequential()
        n_features = int(np.prod(shape))
        if len(shape) == 3:
            n_channels, height, width_ = shape
            for n_filters in channels:
                self.cnn.extend(
                    [
                        nn.Conv2d(n_channels, n_filters, kernel_size=3, padding=1),
                        nn.ReLU(),
                        nn.MaxPool2d(2, ceil_mode=True),
                    ]
                )
                n_channels, height, width_ = n_filters, -(-height // 2), -(-width_ // 2)
            n_features = n_channels * height * width_
        self.hidden = Dense(n_features, hidden)
        # Silent: activations; ReLU between the two dense layers, none after, as in text's codes,
        # which are not thresholded either.
        self.code = Dense(hidden, width)

    def forward(self, images: Tensor) -> Tensor:
        """Codes (n, width) of the images."""
        features = self.cnn(images).flatten(start_dim=1)
        codes: Tensor = self.code(self.hidden(features).relu())
        return codes


@dataclass(frozen=True)
class Standardiser:
    """Takes the mean off images and scales them to unit variance.

    Silent: the scale of images. Mean and deviation are the source's, by channel of an image and
    over all of a feature vector: M^t starts as M^s, whose input must mean the same.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, images: NDArray[np.float32]) -> Self:
        """The scale of ``images`` (n, c, h, w) or (n, d)."""
        axes = (0, 2, 3) if images.ndim == 4 else (0, 1)
        mean = images.mean(axis=axes, keepdims=True, dtype=np.float64)
        deviation = images.std(axis=axes, keepdims=True, dtype=np.float64)
        return cls(
            mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)
        )

    def __call__(self, images: NDArray[np.float32], has_image: NDArray[np.bool_]) -> Tensor:
        """Images on the common scale; an item without one is shown as the average image."""
        scaled = (images - self.mean) / self.deviation
        scaled[~has_image] = 0
        return torch.from_numpy(scaled)
