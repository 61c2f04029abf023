"""How far apart two domains lie in what a network makes of their pairs (RecSys-DAN, Fig. 6)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.manifold import TSNE
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.evaluation.metrics import BoolArray
from benchmark.recommender import FloatArray

_PREFIX = "snapshot-"
_FOLDS = 5
_COMPONENTS = 50
"""Principal components that t-SNE starts from, as its authors advise for wide input."""

T = TypeVar("T")


def _once(measure: Callable[[Snapshot], T]) -> Callable[[Snapshot], T]:
    """The measure, which takes seconds, taken once of equal points.

    Methods that begin alike keep the same points, and tables, figures and claims ask anew.
    """
    known: dict[bytes, T] = {}

    @functools.wraps(measure)
    def recalled(snapshot: Snapshot) -> T:
        content = hashlib.sha256(snapshot.points.tobytes() + snapshot.is_source.tobytes())
        if content.digest() not in known:
            known[content.digest()] = measure(snapshot)
        return known[content.digest()]

    return recalled


@dataclass(frozen=True)
class Snapshot:
    """Representations (n, d) after an epoch, and which of the n pairs are the source's."""

    epoch: int
    points: FloatArray
    is_source: BoolArray

    @_once
    def domain_accuracy(self) -> float:
        """Balanced accuracy, on held-out fifths, of a linear classifier of the domains.

        One half where they cannot be told apart, one where a plane separates them. Source:
        Ben-David et al., "Analysis of representations for domain adaptation", NIPS 2006, whose
        A-distance is 2 (2 accuracy - 1).
        """
        scores = cross_val_score(
            make_pipeline(StandardScaler(), RidgeClassifier()),
            self.points,
            self.is_source,
            scoring="balanced_accuracy",
            cv=StratifiedKFold(_FOLDS, shuffle=True, random_state=0),
        )
        return float(scores.mean())

    def dropped(self, share: float) -> Snapshot:
        """The same pairs as a discriminator behind dropout is shown them, drawn once for all.

        ``share`` of the units is zero and the rest scaled up for it.
        """
        kept = np.random.default_rng(0).random(self.points.shape) >= share
        return Snapshot(self.epoch, self.points * kept / (1 - share), self.is_source)

    @_once
    def mmd(self) -> float:
        """The unbiased squared maximum mean discrepancy, 0 on average for equal distributions.

        Gaussian kernel of the median distance. Source: Gretton et al., "A kernel two-sample
        test", JMLR 13, 2012, Eq. (3) and section 8.
        """
        squared = euclidean_distances(self.points, squared=True)
        positive = squared[squared > 0]
        if not len(positive):
            return 0.0
        kernel = np.exp(-squared / np.median(positive))
        source, target = np.flatnonzero(self.is_source), np.flatnonzero(~self.is_source)
        return float(
            _mean_of_pairs(kernel[np.ix_(source, source)])
            + _mean_of_pairs(kernel[np.ix_(target, target)])
            - 2 * kernel[np.ix_(source, target)].mean()
        )

    @_once
    def plane(self) -> FloatArray:
        """The points in the plane (n, 2) by t-SNE, the same each time."""
        n, d = self.points.shape
        components = min(_COMPONENTS, n, d)
        reduced = PCA(components, svd_solver="full").fit_transform(self.points)
        perplexity = min(30.0, (n - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=0)
        return np.asarray(tsne.fit_transform(reduced), dtype=np.float64)


def snapshots(artifacts: Mapping[str, NDArray[Any]]) -> list[Snapshot]:
    """The snapshots that a cell has kept, by epoch; none where it kept none."""
    if "snapshot-domain" not in artifacts:
        return []
    is_source = artifacts["snapshot-domain"] == 1
    epochs = sorted(
        int(name.removeprefix(_PREFIX))
        for name in artifacts
        if name.startswith(_PREFIX) and name != "snapshot-domain"
    )
    return [
        Snapshot(epoch, artifacts[f"{_PREFIX}{epoch}"].astype(np.float64), is_source)
        for epoch in epochs
    ]


def _mean_of_pairs(kernel: FloatArray) -> float:
    """The mean off the diagonal."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
