"""Networks whose gradients autograd takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor


class Differentiated(ABC):
    """An :class:`~methods.dml.networks.architecture.Architecture` that says only how it rates."""

    @abstractmethod
    def __call__(
        self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None = None
    ) -> Tensor:
        """Ratings (k, b), with dropout where ``kept`` (k, b, dropped) is given."""

    def errors(
        self,
        parameters: Sequence[Tensor],
        pairs: Tensor,
        kept: Tensor,
        ratings: Tensor,
        weights: Tensor,
        gradients: Sequence[Tensor],
        to_pairs: Tensor | None = None,
    ) -> Tensor:
        """Errors (k, b), having put the gradients into place."""
        with torch.enable_grad():
            leaves = [parameter.detach().requires_grad_() for parameter in parameters]
            inputs = pairs.detach().requires_grad_(to_pairs is not None)
            errors = self(leaves, inputs, kept) - ratings
            loss = (errors.square() * weights).sum()
        places = [*gradients, *([] if to_pairs is None else [to_pairs])]
        found = torch.autograd.grad(loss, [*leaves, inputs][: len(places)])
        for place, gradient in zip(places, found, strict=True):
            place.copy_(gradient)
        return errors.detach()


def dropped_out(hidden: Tensor, kept: Tensor | None) -> Tensor:
    """Hidden units (k, b, m) scaled by ``kept``, or as they are when nothing is dropped."""
    return hidden if kept is None else hidden * kept
