"""The triples of Algorithm 2: what both domains say of the users (or items) they share.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-A and Algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.recommender import IntArray

Level = Literal["f", "u", "v"]
"""What a discriminator is shown: interactions, users of shared items, items of shared users."""


@dataclass(frozen=True)
class Triples:
    """Triple k is a shared user and an item of either domain that the user reviewed there.

    ``source`` and ``target`` (n,) are the numbers of those two pairs among each domain's samples.
    Where items are shared, the other way round.
    """

    source: IntArray
    target: IntArray

    def __len__(self) -> int:
        return len(self.source)


def triples(
    source_owners: IntArray,
    target_owners: IntArray,
    shared: IntArray,
    *,
    aligned: bool,
    rng: np.random.Generator,
) -> Triples:
    """Pair up the samples of each shared user (item), in random order.

    Args:
        source_owners: the user (item) of each sample of the source (n_s,).
        target_owners: the same of the target (n_t,).
        shared: pairs (k, 2) of a source and a target index that are one user (item).
        aligned: as many samples of each domain, the rest left out; otherwise all samples, the
            scarcer domain's as often as it takes.
        rng: draws which samples meet.
    """
    of_source, of_target = _by_owner(source_owners, rng), _by_owner(target_owners, rng)
    pairs = [
        (of_source[s], of_target[t])
        for s, t in shared.tolist()
        if s in of_source and t in of_target
    ]
    sizes = [(min if aligned else max)(len(a), len(b)) for a, b in pairs]
    return Triples(
        *(
            np.concatenate(
                [
                    np.empty(0, dtype=np.int64),
                    *(np.resize(both[side], n) for both, n in zip(pairs, sizes, strict=True)),
                ]
            )
            for side in (0, 1)
        )
    )


def _by_owner(owners: IntArray, rng: np.random.Generator) -> dict[int, IntArray]:
    """The samples of each owner, in random order."""
    shuffled = rng.permutation(len(owners))
    order = shuffled[np.argsort(owners[shuffled], kind="stable")]
    names, starts = np.unique(owners[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))
