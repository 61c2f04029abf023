"""Several domains: maps between neighbours, composed, against a map learnt for the pair itself.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 4.3: N - 1 maps serve N domains, for X_jk = X_j(j+1) X_(j+1)(j+2) ... X_(k-1)k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.study import Panel, Study
from methods.dml.orthogonal import gram_schmidt, procrustes

KINDS = ("direct", "composed", "composed as printed")


@dataclass
class ComposedMaps(Study):
    """Users on the unit sphere, turned into each domain by a map of its own, with normal noise.

    Neighbouring domains share some users, and so do the first and the last, from whom the direct
    map is learnt. Errors are those of the map from the first domain to the last.
    """

    name: ClassVar[str] = "dml-composed-maps"
    paper: ClassVar[str] = "DML, section 4.3"
    title: ClassVar[str] = "Composed maps over several domains against directly learnt ones"
    panels: ClassVar[tuple[Panel, ...]] = (
        Panel("domains", "relative map error", "map", where={"noise": 0.3, "overlap users": 32}),
        Panel(
            "overlap users",
            "relative map error",
            "map",
            where={"noise": 0.3, "domains": 3},
            log="xy",
        ),
    )
    quick: ClassVar[Mapping[str, Any]] = {"domains": (3, 4), "repeats": 2}

    dimension: int = 16
    """Of embeddings, k (§5.4)."""
    domains: tuple[int, ...] = (3, 4, 5, 6, 8)
    """N, in a row."""
    overlaps: tuple[int, ...] = (16, 32, 64, 128, 256)
    """Users shared by two neighbours, and by the first and the last domain."""
    noises: tuple[float, ...] = (0.0, 0.1, 0.3)
    """Length of what is added to each embedding, whose own length is 1; root mean square."""
    repeats: int = 10
    """Draws for each seed; their mean is a row."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """Rows by domains, noise, overlap users and map."""
        generator = torch.Generator().manual_seed(seed)
        rows = []
        for n in self.domains:
            for noise in self.noises:
                for overlap in self.overlaps:
                    draws = [
                        self._errors(n, overlap, noise, generator) for _ in range(self.repeats)
                    ]
                    rows += [
                        {
                            "domains": n,
                            "noise": noise,
                            "overlap users": overlap,
                            "map": kind,
                            "relative map error": sum(draw[kind] for draw in draws) / len(draws),
                        }
                        for kind in KINDS
                    ]
        return pd.DataFrame(rows)

    def _errors(
        self, n: int, overlap: int, noise: float, generator: torch.Generator
    ) -> dict[str, float]:
        """``|X' - X| / |X|`` in the Frobenius norm, by the way X' was come by."""
        turns = [
            gram_schmidt(_normal(generator, self.dimension, self.dimension)) for _ in range(n)
        ]

        def learnt(j: int, k: int) -> Tensor:
            users = _normal(generator, overlap, self.dimension)
            users /= users.norm(dim=1, keepdim=True)
            spread = noise / self.dimension**0.5
            source, target = (
                users @ turns[d].T + spread * _normal(generator, overlap, self.dimension)
                for d in (j, k)
            )
            return procrustes(source, target)

        truth = turns[-1] @ turns[0].T
        neighbours = [learnt(j, j + 1) for j in range(n - 1)]
        maps = {
            "direct": learnt(0, n - 1),
            "composed": composed(neighbours),
            "composed as printed": reduce(torch.mm, neighbours),
        }
        return {kind: float((x - truth).norm() / truth.norm()) for kind, x in maps.items()}

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Mean errors by domains, noise and overlap users, a column a map."""
        by = ["domains", "noise", "overlap users"]
        means = rows.groupby([*by, "map"])["relative map error"].mean().unstack()[list(KINDS)]
        return means.add_prefix("error, ").reset_index()

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """What composition costs, and in which order it is right."""
        table = self.summary(rows)
        exact = table[table["noise"] == 0]["error, composed"].max()
        noisy = table[table["noise"] == table["noise"].max()]
        noisy = noisy[noisy["overlap users"] == noisy["overlap users"].max()]
        ratios = noisy["error, composed"] / noisy["error, direct"]
        told = ", ".join(
            f"{ratio:.2f} times with {n} domains"
            for n, ratio in zip(noisy["domains"], ratios, strict=True)
        )
        printed = table[table["noise"] == 0]["error, composed as printed"].mean()
        return [
            "Without noise neighbouring maps compose to the map of any pair exactly (largest "
            f"error {exact:.1g}).",
            f"With noise errors add up: composed maps err {told} as much as a map learnt from as "
            "many users of the pair itself; sqrt(N - 1) is what independent errors give.",
            "The product as printed is right for embeddings as rows, W X. For columns, X W as "
            "in Eq. (3), the order must be turned round: as printed the error is "
            f"{printed:.2f}, that of a random map (1.41).",
        ]


def composed(neighbours: list[Tensor]) -> Tensor:
    """The map (k, k) from the first domain to the last, where X_j(j+1) maps columns: X W."""
    return reduce(lambda so_far, x: torch.mm(x, so_far), neighbours)


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float64).normal_(generator=generator)
