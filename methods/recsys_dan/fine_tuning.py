"""Fine-tuning of G^t_u or G^t_v on what the domains share, Algorithm 2.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eq. (7) and Algorithm 2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.recsys_dan.networks import encode, gather
from methods.recsys_dan.pretraining import batches
from methods.recsys_dan.samples import Inputs


class SharedPool:
    """The users (or items) of the triples, position k of both sides belonging to triple k.

    ``source`` and ``target`` (n,) are positions in each domain's inputs. The source's generator
    is fixed, so what the triples need of it is encoded once.
    """

    def __init__(
        self,
        source_generator: nn.Module,
        source_inputs: Inputs,
        source: IntArray,
        target_generator: nn.Module,
        target_inputs: Inputs,
        target: IntArray,
    ) -> None:
        distinct, self._source = np.unique(source, return_inverse=True)
        self._source_codes = encode(source_generator, source_inputs[distinct])
        self._target_generator = target_generator
        self._target_inputs = target_inputs
        self._target = target

    # Silent: what Du makes of the item of a triple, and Dv of its user, which Algorithm 2 gives
    # them too; here they are shown what adapts, for what is shared tells no domain apart.
    def codes(self, size: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of batches of codes, the target's as its generator is when they are drawn."""
        for rows in batches(len(self._target), size, rng):
            from_source = self._source_codes[torch.from_numpy(self._source[rows])]
            yield (
                from_source,
                gather(self._target_generator, self._target_inputs, self._target[rows]),
            )
