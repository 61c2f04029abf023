"""Whether Proposition 1's "positive perturbation" fulfils its conditions (b) and (c).

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 4.2: with V' = V + mk 1, it says, (1-alpha) V'_B - alpha X^T V'_A >= 0 and
(1-alpha) V'_A - alpha X V'_B >= 0 for every alpha < 1/2, ratings V in [0, k] and orthogonal X of
rank m.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.linalg import hadamard

from benchmark.recommender import FloatArray
from benchmark.study import Panel, Study
from methods.dml.studies.dual_factorisation import random_orthogonal


@dataclass
class Perturbation(Study):
    """The alpha up to which (b) and (c) hold, in closed form, for maps and ratings of some kinds.

    (b) says alpha <= V_B / (V_B + X^T V_A) wherever the denominator is positive, and (c) alike.
    """

    name: ClassVar[str] = "dml-perturbation"
    paper: ClassVar[str] = "DML, section 4.2"
    title: ClassVar[str] = "Proposition 1: up to which alpha do its conditions hold?"
    panels: ClassVar[tuple[Panel, ...]] = tuple(
        Panel(
            "m",
            "highest alpha",
            "map",
            where={"perturbed": True, "ratings": ratings},
            log="x",
            title=f"perturbed, {ratings} ratings",
        )
        for ratings in ("random", "worst")
    )
    quick: ClassVar[Mapping[str, Any]] = {"sizes": (4, 16)}

    sizes: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256)
    """Users m, powers of two, for which a Hadamard matrix is at hand."""
    items: int = 32
    """In both domains."""
    scale: int = 5
    """The largest rating, k."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """Rows by m, map, ratings and whether they are perturbed."""
        rng = np.random.default_rng(seed)
        rows = []
        for m in self.sizes:
            for kind, matrix in MAPS.items():
                x = matrix(rng, m)
                for ratings, pair in self._ratings(rng, x).items():
                    for perturbed in (False, True):
                        lift = m * self.scale * perturbed
                        rows.append(
                            {
                                "m": m,
                                "map": kind,
                                "ratings": ratings,
                                "perturbed": perturbed,
                                "highest alpha": highest_alpha(pair[0] + lift, pair[1] + lift, x),
                            }
                        )
        rows += [self._bound(m, ratings) for m in self.sizes for ratings in ("random", "worst")]
        return pd.DataFrame(rows)

    def _ratings(
        self, rng: np.random.Generator, x: FloatArray
    ) -> dict[str, tuple[FloatArray, FloatArray]]:
        shape = (len(x), self.items)
        a, b = (rng.integers(0, self.scale + 1, shape).astype(float) for _ in range(2))
        # The worst item: one user of B rates it 0, and A's users k just where that hurts.
        hurt = int(np.argmax(x.sum(axis=0)))
        worst_a, worst_b = a.copy(), b.copy()
        worst_a[:, 0] = self.scale * (x[:, hurt] > 0)
        worst_b[hurt, 0] = 0
        return {"random": (a, b), "worst": (worst_a, worst_b)}

    def _bound(self, m: int, ratings: str) -> dict[str, Any]:
        return {
            "m": m,
            "map": "sufficient for all",
            "ratings": ratings,
            "perturbed": True,
            "highest alpha": sufficient_alpha(m),
        }

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The lowest over seeds of the highest alpha, by m, map and perturbation."""
        lowest = (
            rows.assign(
                what=rows["map"] + ", " + np.where(rows["perturbed"], "perturbed", "as they are")
            )
            .groupby(["m", "what"])["highest alpha"]
            .min()
            .unstack()
        )
        columns = [name for name in lowest if not str(name).startswith("sufficient")]
        lowest = lowest.rename(columns={"sufficient for all, perturbed": "sufficient, perturbed"})[
            ["sufficient, perturbed", *columns]
        ]
        return lowest.reset_index()

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """Where the proof's step fails."""
        perturbed = rows[rows["perturbed"] & (rows["map"] != "sufficient for all")]
        lowest = perturbed.groupby(["map", "m"])["highest alpha"].min()
        m = 16
        bare = rows[~rows["perturbed"] & (rows["ratings"] == "random")]["highest alpha"]
        return [
            f"The perturbation does not fulfil (b) and (c) for every alpha < 1/2: with m = {m} "
            f"they hold up to alpha = {lowest['hadamard', m]:.3f} for a Hadamard map, "
            f"{lowest['random', m]:.3f} for random orthogonal maps and "
            f"{lowest['identity', m]:.3f} even for the identity.",
            f"Sufficient is alpha <= 1 / (1 + sqrt(m) + 1/sqrt(m)), {sufficient_alpha(m):.3f} "
            f"for m = {m}; Hadamard maps with the worst ratings reach that bound, so it is the "
            "best there is, and it vanishes as m, the number of users, grows.",
            f"Without the perturbation the conditions hold up to alpha = {bare.max():.3f} at most "
            "on random ratings, of which some are 0.",
        ]


def highest_alpha(a: FloatArray, b: FloatArray, x: FloatArray) -> float:
    """The highest alpha in [0, 1/2] for which ratings (m, n) and X (m, m) fulfil (b) and (c)."""
    return min(0.5, *(_limit(own, other) for own, other in ((b, x.T @ a), (a, x @ b))))


def _limit(own: FloatArray, other: FloatArray) -> float:
    """The highest alpha for which (1-alpha) own - alpha other >= 0."""
    # Products of whole numbers and an orthogonal matrix that are 0 come out as rounding errors.
    total = own + other
    limits = own[total > 1e-9] / total[total > 1e-9]
    return float(limits.min(initial=np.inf))


def sufficient_alpha(m: int) -> float:
    """An alpha for which perturbed ratings fulfil (b) and (c) whatever they and X are.

    Row by row ``X^T (V + mk)`` is at most ``k sqrt(m) + mk sqrt(m)``, for a column of X has length
    1, and ``V + mk`` at least ``mk``.
    """
    return float(1 / (1 + m**0.5 + m**-0.5))


MAPS: Mapping[str, Callable[[np.random.Generator, int], FloatArray]] = {
    "identity": lambda rng, m: np.eye(m),
    "random": random_orthogonal,
    "hadamard": lambda rng, m: hadamard(m) / m**0.5,
}
