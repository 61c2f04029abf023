"""Proposition 1: the dual factorisation of two rating matrices, followed update by update.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 4.2. X acts on the users of V = W H, so both domains have the same m users here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmark.recommender import FloatArray
from benchmark.study import Panel, Study

Factors = tuple[FloatArray, FloatArray]
ROUNDING = 1e-9
"""Share of the first loss by which a loss may rise before it counts as a rise."""


@dataclass
class DualFactorisation(Study):
    """Random ratings 1 to k of m users for as many items, X uniform among orthogonal matrices.

    Two routes to the factors: ``proof`` adds mk to all ratings, splits Eq. (7) into Eqs. (8) and
    (9), and factorises each by the updates of Lee and Seung; ``direct`` minimises Eq. (7) itself
    on the ratings as they are.
    """

    name: ClassVar[str] = "dml-dual-factorisation"
    paper: ClassVar[str] = "DML, section 4.2"
    title: ClassVar[str] = "Proposition 1: does the dual factorisation converge?"
    panels: ClassVar[tuple[Panel, ...]] = (
        Panel("iteration", "loss", "alpha", where={"route": "direct"}, log="xy", title="direct"),
        Panel("iteration", "loss", "alpha", where={"route": "proof"}, log="xy", title="proof"),
    )
    quick: ClassVar[Mapping[str, Any]] = {"iterations": 300, "alphas": (0.03, 0.1, 0.4)}

    users: int = 16
    """m, in both domains."""
    items: int = 24
    """In each domain."""
    rank: int = 4
    """Of both factorisations; the ratings have full rank, so that no factors are exact."""
    scale: int = 5
    """The largest rating, k."""
    alphas: tuple[float, ...] = (0.0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.45, 0.49)
    """Weight of the other domain (Eq. 7)."""
    iterations: int = 20_000
    """Updates of all four factors, at most."""
    tolerance: float = 1e-6
    """A run has converged when an update lowers its loss by less, per rating (§6.8: 1e-5)."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """Rows by alpha, route and iteration; of a route that cannot start, one without loss."""
        rng = np.random.default_rng(seed)
        x, v = random_orthogonal(rng, self.users), self._ratings(rng)
        starts = [
            tuple(rng.uniform(0.5, 1.5, shape) for shape in self._shapes()) for _ in range(2)
        ]
        lifted = [ratings + self.users * self.scale for ratings in v]
        rows = []
        for alpha in self.alphas:
            for route, ratings in (("direct", v), ("proof", lifted)):
                pair = DualPair(ratings[0], ratings[1], x, alpha)
                start = [(w.copy(), h.copy()) for w, h in starts]
                if route == "proof" and not pair.is_positive:
                    rows.append({"alpha": alpha, "route": route, "starts": False})
                    continue
                rows += [
                    {"alpha": alpha, "route": route, "starts": True, **row}
                    for row in self._followed(pair, start, apart=route == "proof")
                ]
        return pd.DataFrame(rows)

    def _followed(
        self, pair: DualPair, factors: list[Factors], *, apart: bool
    ) -> Iterator[dict[str, Any]]:
        """Both losses after 0, 1, 2, 4, … updates and at the end, and how often they rose."""
        update = pair.updated_apart if apart else pair.updated
        losses = np.array([pair.loss(factors), pair.loss_apart(factors)])
        slack, rises = ROUNDING * losses, np.zeros(2, dtype=int)
        converged, due = False, 0
        for iteration in range(self.iterations + 1):
            if iteration == due or converged or iteration == self.iterations:
                due = max(2 * iteration, 1)
                yield {
                    "iteration": iteration,
                    "loss": losses[0],
                    "loss of Eqs. (8), (9)": losses[1],
                    "rises": rises[0],
                    "rises of Eqs. (8), (9)": rises[1],
                    "converged": converged,
                    "error in stars": pair.rmse(factors),
                }
            if converged:
                return
            factors = update(factors)
            now = np.array([pair.loss(factors), pair.loss_apart(factors)])
            rises += now > losses + slack
            watched = int(apart)
            converged = bool(abs(now - losses)[watched] < self.tolerance * 2 * pair.a.size)
            losses = now

    def _ratings(self, rng: np.random.Generator) -> list[FloatArray]:
        shape = (self.users, self.items)
        return [rng.integers(1, self.scale + 1, shape).astype(float) for _ in range(2)]

    def _shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.users, self.rank), (self.rank, self.items)

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """By route and alpha: how many runs could start, never rose, and converged."""
        table = []
        for (route, alpha), runs in _ends(rows).groupby(["route", "alpha"]):
            ran = runs[runs["starts"]]
            table.append(
                {
                    "route": route,
                    "alpha": alpha,
                    "runs": len(runs),
                    "can start": len(ran),
                    "Eq. (7) never rises": _count(ran["rises"] == 0),
                    "Eqs. (8), (9) never rise": _count(ran["rises of Eqs. (8), (9)"] == 0),
                    "converged": _count(ran["converged"] == True),  # noqa: E712
                    "updates": ran["iteration"].median(),
                    "error in stars": ran["error in stars"].mean(),
                }
            )
        return pd.DataFrame(table)

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """What became of the proposition."""
        ends = _ends(rows)
        proof, direct = (ends[ends["route"] == route] for route in ("proof", "direct"))
        ran = proof[proof["starts"]]
        failing = ", ".join(f"{a:g}" for a in sorted(proof[~proof["starts"]]["alpha"].unique()))
        highest = ran["alpha"].max()
        errors = [of[of["alpha"] == highest]["error in stars"].mean() for of in (proof, direct)]
        return [
            f"The proof's updates can start in {len(ran)} of {len(proof)} runs with alpha < 1/2"
            + (f"; conditions (b) and (c) fail at alpha = {failing}." if failing else "."),
            f"Where they start, the loss of Eqs. (8) and (9) never rises in "
            f"{_count(ran['rises of Eqs. (8), (9)'] == 0)} of {len(ran)} runs, as Lee and Seung "
            f"proved; that of Eq. (7), which they do not minimise, never rises in "
            f"{_count(ran['rises'] == 0)}.",
            "Neither perturbation nor conditions are needed: updates that take the signs of X "
            f"into account never raise Eq. (7) in {_count(direct['rises'] == 0)} of "
            f"{len(direct)} runs, for every alpha tried.",
            f"At alpha = {highest:g} the proof's factors reconstruct the ratings with an error "
            f"of {errors[0]:.2f} stars, those that minimise Eq. (7) with {errors[1]:.2f}.",
        ]

    def measured(self, rows: pd.DataFrame) -> dict[tuple[str, str, str, str], list[float]]:
        ends = _ends(rows)
        proof = ends[ends["route"] == "proof"]
        good = (proof["rises of Eqs. (8), (9)"] == 0) & (proof["converged"] == True)  # noqa: E712
        cell = (
            "dml_section4.2",
            "perturbed",
            "alpha < 1/2",
            "share of factorisations that converge",
        )
        return {cell: good.astype(float).groupby(proof["seed"]).mean().tolist()}


@dataclass(frozen=True)
class DualPair:
    """Rating matrices V_A and V_B (m, n), the map X (m, m) between their users, and alpha."""

    a: FloatArray
    b: FloatArray
    x: FloatArray
    alpha: float

    @property
    def eliminated(self) -> tuple[FloatArray, FloatArray]:
        """What W_A H_A and W_B H_B must be, by Eqs. (9) and (8)."""
        own, other = 1 - self.alpha, self.alpha
        return (
            (own * self.a - other * self.x @ self.b) / (own - other),
            (own * self.b - other * self.x.T @ self.a) / (own - other),
        )

    @property
    def is_positive(self) -> bool:
        """Conditions (b) and (c)."""
        return all(bool((v >= 0).all()) for v in self.eliminated)

    def loss(self, factors: list[Factors]) -> float:
        """Eq. (7), with squared norms."""
        return float(sum((residual**2).sum() for residual in self._residuals(factors)))

    def loss_apart(self, factors: list[Factors]) -> float:
        """The squared errors of Eqs. (8) and (9)."""
        return float(
            sum(
                ((v - w @ h) ** 2).sum()
                for v, (w, h) in zip(self.eliminated, factors, strict=True)
            )
        )

    def rmse(self, factors: list[Factors]) -> float:
        """Root mean squared error of the reconstructed ratings; subtracting mk leaves it."""
        return float(np.sqrt(np.mean([r**2 for r in self._residuals(factors)])))

    def _residuals(self, factors: list[Factors]) -> tuple[FloatArray, FloatArray]:
        own, other = 1 - self.alpha, self.alpha
        z_a, z_b = (w @ h for w, h in factors)
        return (
            self.a - own * z_a - other * self.x @ z_b,
            self.b - own * z_b - other * self.x.T @ z_a,
        )

    def updated_apart(self, factors: list[Factors]) -> list[Factors]:
        """One update by Lee and Seung of each factorisation, which (b) and (c) make possible."""
        return [lee_seung(v, *f) for v, f in zip(self.eliminated, factors, strict=True)]

    def updated(self, factors: list[Factors]) -> list[Factors]:
        """One update of all factors that cannot raise Eq. (7), whatever the signs of X.

        With the other domain's product Z_B given and X orthogonal, Eq. (7) is
        ``s |W_A H_A - T / s|^2`` and a constant, where ``s = (1-alpha)^2 + alpha^2`` and
        ``T = (1-alpha) V_A + alpha X V_B - 2 alpha (1-alpha) X Z_B``: a factorisation of a matrix
        with both signs by non-negative factors.
        """
        own, other = 1 - self.alpha, self.alpha
        s, crossed = own**2 + other**2, 2 * own * other
        first, second = factors
        target = own * self.a + other * self.x @ self.b - crossed * self.x @ second[0] @ second[1]
        first = signed_update(target / s, *first)
        target = (
            own * self.b + other * self.x.T @ self.a - crossed * self.x.T @ first[0] @ first[1]
        )
        return [first, signed_update(target / s, *second)]


def lee_seung(v: FloatArray, w: FloatArray, h: FloatArray) -> Factors:
    """One update of each factor of ``v ~ w h``, all non-negative (Lee and Seung, 2001, Eq. 4)."""
    h = h * (w.T @ v) / np.maximum(w.T @ w @ h, 1e-300)
    w = w * (v @ h.T) / np.maximum(w @ h @ h.T, 1e-300)
    return w, h


def signed_update(v: FloatArray, w: FloatArray, h: FloatArray) -> Factors:
    """The same for a matrix ``v`` of both signs (Ding, Li and Jordan, 2010: semi-NMF's update)."""
    h = h * _step(w.T @ v, w.T @ w @ h)
    w = w * _step(v @ h.T, w @ h @ h.T)
    return w, h


def _step(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The square root of b+ / (a + b-)."""
    positive, negative = np.maximum(numerator, 0), np.maximum(-numerator, 0)
    return np.asarray(np.sqrt(positive / np.maximum(denominator + negative, 1e-300)))


def random_orthogonal(rng: np.random.Generator, m: int) -> FloatArray:
    """An orthogonal matrix (m, m), uniform among all."""
    q, r = np.linalg.qr(rng.normal(size=(m, m)))
    return np.asarray(q * np.sign(np.diag(r)))


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each run."""
    return rows.groupby(["seed", "alpha", "route"]).tail(1)


def _count(holds: pd.Series) -> int:
    return int(holds.sum())
