"""How many overlap users determine the map X of k dimensions.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 4.1: X W_uA = W_uB for n users and X orthogonal have a unique solution, it is said, when
n = k(k-1)/2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.study import Panel, Study
from methods.dml.orthogonal import LatentMap, gram_schmidt, procrustes

SOLVED = 1e-6
"""Mean squared error below which a map counts as determined."""


@dataclass
class OverlapNeeded(Study):
    """Users are uniform on the unit sphere; those of B are X W_uA, with normal noise or without.

    The error of an estimate is the mean of ``|X' w - X w|^2`` over all unit users w, which is
    ``|X' - X|^2 / k``.
    """

    name: ClassVar[str] = "dml-overlap-needed"
    paper: ClassVar[str] = "DML, section 4.1"
    title: ClassVar[str] = "Overlap users that determine the map, by dimension and noise"
    panels: ClassVar[tuple[Panel, ...]] = (
        Panel(
            "overlap users",
            "mean squared map error",
            "estimate",
            where={"k": 16, "noise": 0.0},
            log="x",
            title="k = 16, no noise",
        ),
        Panel(
            "overlap users",
            "mean squared map error",
            "estimate",
            where={"k": 16, "noise": 0.1},
            log="x",
            title="k = 16, noise 0.1",
        ),
    )
    quick: ClassVar[Mapping[str, Any]] = {
        "dimensions": (4, 16),
        "noises": (0.0, 0.1),
        "repeats": 2,
    }

    dimensions: tuple[int, ...] = (4, 8, 16, 32)
    """Of embeddings, k; 16 in the paper."""
    noises: tuple[float, ...] = (0.0, 0.03, 0.1)
    """Length of what is added to each of B's users, whose own length is 1; root mean square."""
    repeats: int = 10
    """Draws of X and of users for each seed; their mean is a row."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """Rows by k, noise, overlap users and estimate."""
        generator = torch.Generator().manual_seed(seed)
        rows = []
        for k in self.dimensions:
            for noise in self.noises:
                for n in overlaps(k):
                    draws = [self._errors(k, n, noise, generator) for _ in range(self.repeats)]
                    rows += [
                        {
                            "k": k,
                            "noise": noise,
                            "overlap users": n,
                            "estimate": estimate,
                            "mean squared map error": sum(d[estimate] for d in draws) / len(draws),
                            "expected": 2 * max(k - n, 0) / k,
                        }
                        for estimate in ESTIMATES
                    ]
        return pd.DataFrame(rows)

    def _errors(
        self, k: int, n: int, noise: float, generator: torch.Generator
    ) -> dict[str, float]:
        x = gram_schmidt(_normal(generator, k, k))
        source = _normal(generator, n, k)
        source /= source.norm(dim=1, keepdim=True)
        target = source @ x.T + noise / k**0.5 * _normal(generator, n, k)
        return {
            name: float((estimate(source, target) - x).square().sum() / k)
            for name, estimate in ESTIMATES.items()
        }

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """By k: the users after which the noise-free error is 0, as found and as printed."""
        means = _means(rows)
        table = []
        for k in sorted(means["k"].unique()):
            line: dict[str, Any] = {"k": k, "paper, k(k-1)/2": k * (k - 1) // 2}
            for estimate in ESTIMATES:
                line[f"{estimate}: users needed"] = _needed(means, k, estimate)
            for noise in sorted(set(means["noise"]) - {0.0}):
                for n in (k, k * (k - 1) // 2):
                    line[f"procrustes: error, noise {noise:g}, {_in_k(n, k)}"] = _error(
                        means, k, noise, n, "procrustes"
                    )
            table.append(line)
        return pd.DataFrame(table)

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """The paper's count against the found one."""
        means = _means(rows)
        k = 16
        found = {estimate: _needed(means, k, estimate) for estimate in ESTIMATES}
        errors = {
            n: _error(means, k, 0.0, n, "procrustes") for n in (1, 8, k - 1, k, k * (k - 1) // 2)
        }
        slow = {n: _error(means, k, 0.0, n, "gram-schmidt") for n in (k, 4 * k)}
        told = ", ".join(f"{error:.2g} with {n}" for n, error in errors.items())
        return [
            f"For k = {k} the paper counts {k * (k - 1) // 2} overlap users; without noise "
            f"{found['procrustes']} determine X: each gives up to k - 1 equations, not one. "
            f"Mean squared map error: {told}.",
            f"Orthogonality saves no more than the choice of a sign there: a free linear map is "
            f"determined by {found['least squares']} users.",
            f"Gradient steps with Gram-Schmidt, the paper's way to X, err more: after "
            f"{PASSES} epochs {slow[k]:.2g} with {k} users, {slow[4 * k]:.2g} with {4 * k}.",
            "With fewer than k - 1 users the error is 2(k - n)/k, for chance decides in the "
            f"dimensions that nobody spans: 8 users leave half of the {k}.",
        ]

    def measured(self, rows: pd.DataFrame) -> dict[tuple[str, str, str, str], list[float]]:
        chosen = rows[(rows["noise"] == 0) & (rows["estimate"] == "procrustes")]
        return {
            (
                "dml_section4.1",
                f"{n} overlap users",
                f"k = {k}",
                "mean squared map error",
            ): group.sort_values("seed")["mean squared map error"].tolist()
            for (k, n), group in chosen.groupby(["k", "overlap users"])
        }


def overlaps(k: int) -> list[int]:
    """The numbers of users tried: up to k, twice and four times that, and the paper's count."""
    few = {1, 2, 4, 8, 16, k // 2, k - 2, k - 1, k, k + 1, 2 * k, 4 * k, k * (k - 1) // 2}
    return sorted(n for n in few if 1 <= n <= max(4 * k, k * (k - 1) // 2))


def least_squares(source: Tensor, target: Tensor) -> Tensor:
    """The linear X (k, k) of least norm that minimises Eq. (3) over rows (n, k)."""
    return torch.mm(torch.linalg.pinv(source), target).T


def descended(source: Tensor, target: Tensor) -> Tensor:
    """X (k, k) as DML learns it: gradient steps, each followed by Gram-Schmidt."""
    x = LatentMap(
        "gs", source.shape[1], lr=0.5, penalty=0.0, generator=torch.Generator().manual_seed(0)
    )
    x.start(source, target)
    for _ in range(PASSES):
        x.learn(source, target, batch_size=64)
    return x.matrix


PASSES = 100
"""Of DML's gradient steps, one an epoch (§6.8)."""
ESTIMATES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "procrustes": procrustes,
    "gram-schmidt": descended,
    "least squares": least_squares,
}


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float64).normal_(generator=generator)


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    by = ["k", "noise", "overlap users", "estimate"]
    return rows.groupby(by)[["mean squared map error"]].mean().reset_index()


def _error(means: pd.DataFrame, k: int, noise: float, n: int, estimate: str) -> float:
    chosen = means[
        (means["k"] == k)
        & (means["noise"] == noise)
        & (means["overlap users"] == n)
        & (means["estimate"] == estimate)
    ]
    return float(chosen["mean squared map error"].iloc[0])


def _needed(means: pd.DataFrame, k: int, estimate: str) -> int | None:
    """The fewest users tried from which on the noise-free error stays 0."""
    chosen = means[(means["k"] == k) & (means["noise"] == 0) & (means["estimate"] == estimate)]
    unsolved = chosen[chosen["mean squared map error"] >= SOLVED]["overlap users"]
    solved = chosen[chosen["overlap users"] > unsolved.max()] if len(unsolved) else chosen
    return int(solved["overlap users"].min()) if len(solved) else None


def _in_k(n: int, k: int) -> str:
    return "k users" if n == k else "k(k-1)/2 users"
