"""Rating error, and precision and recall at k in named conventions, as functions of arrays.

A convention is a function of a :class:`Ranking`, which is sorted once and read by all of them.
Equal predictions have no order: where a group of them straddles the k-th place, every metric is
its exact expectation over all orders of the group, as in McSherry and Najork, "Computing
information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008.
Sums are rounded once (``math.fsum``), so that the order of the rows cannot move a bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix
from scipy.stats import hypergeom

from benchmark.recommender import FloatArray, IntArray

BoolArray = NDArray[np.bool_]
Mask = BoolArray | csr_array | csr_matrix

LARGEST = 1e100
"""A value beyond it is no rating but a divergence, and its square would overflow."""


@dataclass(frozen=True)
class Metric:
    """What tables, gates and diagrams need to know of a metric; ``unit`` is "" for a share."""

    title: str
    unit: str
    higher_is_better: bool


def metrics_at(k: int) -> dict[str, Metric]:
    """Every metric by its key, in column order."""
    table = {"rmse": Metric("RMSE", "stars", False), "mae": Metric("MAE", "stars", False)}
    for suffix, words in (
        ("", ""),
        ("-surprise", " (surprise)"),
        ("-doml", " (DOML)"),
        ("-full", " (full ranking)"),
    ):
        table[f"p@{k}{suffix}"] = Metric(f"P@{k}{words}", "", True)
        table[f"r@{k}{suffix}"] = Metric(f"R@{k}{words}", "", True)
    return table


METRICS = metrics_at(5)


def score(
    users: IntArray,
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    scale: tuple[float, float],
    relevance: float,
    undefined_precision: float,
    k: int = 5,
) -> dict[str, float]:
    """Every metric of one domain's test rows (n,), by the keys of :data:`METRICS`.

    Ratings, ``scale`` and ``relevance``, the threshold of ``standard`` and ``surprise``, are in
    stars. The threshold of ``doml`` is half the scale's maximum, 0.5 on its r / max, and
    ``undefined_precision`` is its switch between domain A (1) and B (0). Where no user has a
    relevant test item, ``standard`` is undefined and its two keys are left out.

    Raises:
        ValueError: there are no rows, their shapes differ, a value is not a rating, k < 1, or
            ``relevance`` is off the scale.
    """
    low, high = scale
    if not low <= relevance <= high:
        raise ValueError(
            f"relevance {relevance:g} is outside the scale {low:g} to {high:g}; give it in stars"
        )
    ranking = rank(users, truth, prediction)
    scores = {"rmse": rmse(truth, prediction), "mae": mae(truth, prediction)}
    for suffix, per_user in (
        ("", standard(ranking, threshold=relevance, k=k)),
        ("-surprise", surprise(ranking, threshold=relevance, k=k)),
        ("-doml", doml(ranking, threshold=high / 2, undefined_precision=undefined_precision, k=k)),
    ):
        if len(per_user):
            mean = per_user.mean()
            scores[f"p@{k}{suffix}"] = mean.precision
            scores[f"r@{k}{suffix}"] = mean.recall
    return scores


def rmse(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Root of the mean squared error over all rows (n,), in stars.

    Raises:
        ValueError: there are no rows, the shapes differ, or a value is not a rating.
    """
    true, predicted = _ratings(truth, prediction)
    return math.sqrt(_mean((true - predicted) ** 2))


def mae(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean absolute error over all rows (n,), in stars.

    Raises:
        ValueError: there are no rows, the shapes differ, or a value is not a rating.
    """
    true, predicted = _ratings(truth, prediction)
    return _mean(np.abs(true - predicted))


@dataclass(frozen=True)
class PrecisionRecall:
    """Means over the ``users`` that a convention counts."""

    precision: float
    recall: float
    users: int


@dataclass(frozen=True)
class PerUser:
    """Precision and recall (u,) of every user that a convention counts, ``users`` ascending."""

    users: IntArray
    precision: FloatArray
    recall: FloatArray

    def __len__(self) -> int:
        return len(self.users)

    def mean(self) -> PrecisionRecall:
        """The means over users.

        Raises:
            ValueError: the convention counts no user.
        """
        if not len(self):
            raise ValueError("precision and recall are undefined: no user has a relevant item")
        return PrecisionRecall(_mean(self.precision), _mean(self.recall), len(self))


@dataclass(frozen=True)
class Ranking:
    """Test rows (n,) by user and falling prediction; user ``users[i]`` begins at ``starts[i]``."""

    users: IntArray
    starts: IntArray
    truth: FloatArray
    prediction: FloatArray

    @property
    def sizes(self) -> IntArray:
        """How many rows (u,) each user has."""
        return np.diff(self.starts, append=len(self.truth))

    def count(self, rows: BoolArray) -> IntArray:
        """In how many of each user's rows (u,) the condition ``rows`` (n,) holds."""
        return np.add.reduceat(rows, self.starts, dtype=np.int64)


def rank(users: IntArray, truth: ArrayLike, prediction: ArrayLike) -> Ranking:
    """Each user's test items by falling prediction, from rows (n,) in any order.

    Raises:
        ValueError: there are no rows, their shapes differ, or a value is not a rating.
    """
    true, predicted = _ratings(truth, prediction)
    users = np.asarray(users)
    if users.shape != true.shape:
        raise ValueError(f"users {users.shape} and truth {true.shape} differ in shape")
    best_first = np.argsort(-predicted)
    order = best_first[np.argsort(users[best_first], kind="stable")]
    users = users[order]
    starts = np.flatnonzero(np.append(True, users[1:] != users[:-1]))
    return Ranking(users[starts], starts, true[order], predicted[order])


def standard(ranking: Ranking, *, threshold: float, k: int = 5) -> PerUser:
    """Hits among the k best predicted of a user's test items, as in information retrieval.

    With relevant = truth >= ``threshold`` (in stars): P@k = hits / k and R@k = hits / relevant
    test items. P@k divides by k even where a user has fewer test items. Users without a relevant
    test item are left out of both. Source: Herlocker et al., "Evaluating collaborative filtering
    recommender systems", TOIS 22(1), 2004 (over rated items); P and R of trec_eval.
    """
    return _standard(ranking.users, _top(ranking, k, threshold), k)


def surprise(ranking: Ranking, *, threshold: float, k: int = 5) -> PerUser:
    """Agreement of predictions and truth on what passes the threshold (in stars).

    With n_rel = user's test items of truth >= threshold, n_rec = those of the top k predicted
    >= threshold, both = those of n_rec that are relevant: P@k = both / n_rec and R@k = both /
    n_rel, 0 where undefined, over all users. Source: scikit-surprise, FAQ and
    examples/precision_recall_at_k.py since commit 3cdf617 (1 where undefined before).
    """
    top = _top(ranking, k, threshold)
    both, recommended = _recommended(ranking, top, k, threshold)
    return PerUser(ranking.users, _ratio(both, recommended, 0.0), _ratio(both, top.relevant, 0.0))


def doml(ranking: Ranking, *, threshold: float, undefined_precision: float, k: int = 5) -> PerUser:
    """As :func:`surprise`, with n_rel counted inside the top k: recall sees nothing below it.

    P@k = both / n_rec and R@k = both / n_rel with all three counts within the k best predicted,
    over all users; undefined recall is 1, undefined precision ``undefined_precision``: 1 for
    domain A and 0 for domain B. ``threshold`` is in stars; the code's 0.5 of r / max is 2.5 of
    5 stars. So a constant prediction at or above it has R@k = 1. Source: the code of DML's
    authors, lpworld/DOML engine.py:148-207.
    """
    top = _top(ranking, k, threshold)
    both, recommended = _recommended(ranking, top, k, threshold)
    recall = _ratio(both, top.sure + top.tied_relevant, 1.0)
    # Every kept item is recommended, so hits and relevant kept items are the same, in any order.
    recall[top.edge >= threshold] = 1.0
    drawn = (top.edge < threshold) & (top.room < top.tied)
    recall[drawn] = _recall_of_draw(
        both[drawn], top.sure[drawn], top.tied[drawn], top.tied_relevant[drawn], top.room[drawn]
    )
    return PerUser(ranking.users, _ratio(both, recommended, undefined_precision), recall)


def full_ranking(scores: NDArray[np.floating], seen: Mask, relevant: Mask, *, k: int) -> PerUser:
    """P@k and R@k of :func:`standard` where every item unseen in training is ranked.

    ``scores`` (u, n_items) are predictions, ``seen`` and ``relevant`` (u, n_items) masks, dense
    or sparse, of training items and relevant test items. What was seen in training is neither
    candidate nor relevant. ``users`` of the result are rows of ``scores``; those without a
    relevant candidate are left out. Takes about twice the memory of ``scores`` besides it.

    Raises:
        ValueError: shapes differ, a score of a candidate is not finite, or k < 1.
    """
    _check_k(k)
    candidates, wanted = ~_dense(seen), _dense(relevant)
    if not scores.shape == candidates.shape == wanted.shape or scores.ndim != 2:
        raise ValueError(
            f"scores {scores.shape}, seen {candidates.shape} and relevant {wanted.shape} must "
            "all be (users, items)"
        )
    worst_last = np.where(candidates, scores, -np.inf)
    if not np.isfinite(worst_last).all(where=candidates):
        raise ValueError("a score of a candidate is not finite; the method has diverged")
    wanted = wanted & candidates
    place = scores.shape[1] - min(k, scores.shape[1])
    worst_last.partition(place, axis=1)
    edge = worst_last[:, [place]]
    above, tied = candidates & (scores > edge), candidates & (scores == edge)
    top = _Top(
        relevant=wanted.sum(axis=1),
        edge=edge[:, 0],
        sure=(above & wanted).sum(axis=1),
        # With fewer candidates than k the edge is -inf, and nothing is tied for the places left.
        room=k - above.sum(axis=1),
        tied=tied.sum(axis=1),
        tied_relevant=(tied & wanted).sum(axis=1),
    )
    return _standard(np.arange(len(scores)), top, k)


@dataclass(frozen=True)
class _Top:
    """What each user's top k (u,) holds for sure, and the equal predictions at its edge."""

    relevant: IntArray
    """Relevant items in the whole list."""
    edge: FloatArray
    """The k-th best prediction, or the last where there are fewer."""
    sure: IntArray
    """Relevant items predicted above the edge."""
    room: IntArray
    """Places that the items at the edge share."""
    tied: IntArray
    """Items at the edge."""
    tied_relevant: IntArray
    """Relevant items at the edge."""

    def expected_hits(self) -> FloatArray:
        """How many relevant items the top k holds on average over the orders of the tied."""
        return self.sure + _ratio(self.room * self.tied_relevant, self.tied, 0.0)


def _top(ranking: Ranking, k: int, threshold: float) -> _Top:
    _check_k(k)
    kept = np.minimum(ranking.sizes, k)
    edge = ranking.prediction[ranking.starts + kept - 1]
    edge_of_row = np.repeat(edge, ranking.sizes)
    above, tied = ranking.prediction > edge_of_row, ranking.prediction == edge_of_row
    relevant = ranking.truth >= threshold
    return _Top(
        relevant=ranking.count(relevant),
        edge=edge,
        sure=ranking.count(above & relevant),
        room=kept - ranking.count(above),
        tied=ranking.count(tied),
        tied_relevant=ranking.count(tied & relevant),
    )


def _standard(users: IntArray, top: _Top, k: int) -> PerUser:
    counted = top.relevant > 0
    hits = top.expected_hits()[counted]
    return PerUser(users[counted], hits / k, hits / top.relevant[counted])


def _recommended(
    ranking: Ranking, top: _Top, k: int, threshold: float
) -> tuple[FloatArray, IntArray]:
    """Expected relevant ones (u,) of the items recommended in the top k, and the number of those.

    Tied items are recommended together or not at all, so only the former depends on their order.
    """
    passes = ranking.prediction >= threshold
    both = ranking.count(passes & (ranking.truth >= threshold))
    return (
        np.where(top.edge >= threshold, top.expected_hits(), both),
        np.minimum(ranking.count(passes), k),
    )


def _recall_of_draw(
    both: FloatArray, sure: IntArray, tied: IntArray, tied_relevant: IntArray, room: IntArray
) -> FloatArray:
    """E[both / (sure + X)] (u,), 1 where 0 / 0, for the X relevant ones among ``room`` drawn."""
    expected = np.zeros(len(both))
    for x in range(int(room.max(initial=0)) + 1):
        probability = hypergeom.pmf(x, tied, tied_relevant, room)
        expected += probability * _ratio(both, sure + x, 1.0)
    return expected


def _ratio(
    numerator: FloatArray | IntArray, denominator: IntArray, undefined: float
) -> FloatArray:
    result = np.full(len(denominator), undefined, dtype=np.float64)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)


def _mean(values: FloatArray) -> float:
    return math.fsum(values) / len(values)


def _ratings(truth: ArrayLike, prediction: ArrayLike) -> tuple[FloatArray, FloatArray]:
    true = np.asarray(truth, dtype=np.float64)
    predicted = np.asarray(prediction, dtype=np.float64)
    if true.ndim != 1 or true.shape != predicted.shape:
        raise ValueError(
            f"truth {true.shape} and prediction {predicted.shape} must have one shape (n,)"
        )
    if not len(true):
        raise ValueError("no rows to score: truth and prediction are empty")
    for name, values in (("truth", true), ("prediction", predicted)):
        wrong = ~(np.abs(values) <= LARGEST)
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                f"{name} {values[row]:g} of row {row} is not a rating ({wrong.sum()} such rows "
                f"of {len(values)}); the method has diverged or the data has gaps"
            )
    return true, predicted


def _dense(mask: Mask) -> BoolArray:
    return np.asarray(mask if isinstance(mask, np.ndarray) else mask.toarray(), dtype=bool)


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"k is {k}; a top-k list needs k >= 1")
