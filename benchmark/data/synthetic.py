"""The planted pair: two domains whose every signal is generated from factors that are known.

Users keep their tastes from one domain to the other through a known orthogonal map, items have
factors, and ratings, review text, images and features are all drawn from them. Noise is known, so
the best reachable error is known; a method that transfers must show it here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import pydantic
import pydantic.dataclasses
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtr, ndtri

from benchmark.data.domain import Domain, ItemImages, canonical
from benchmark.recommender import FloatArray, IntArray

SCALE = (1.0, 5.0)
MEAN_STARS = 3.4
FIRST_DAY = 1_262_304_000  # 2010-01-01
DAYS = 1_000
IMAGE_SIDE = 16

_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "ru", "sa", "te", "vi", "zo")

_Size = Annotated[int, Field(ge=2)]
_Count = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Stars = Annotated[float, Field(allow_inf_nan=False)]


@pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Planted:
    """What is planted; pairs of numbers are for source and target.

    Three kinds of shift can be planted between the domains' reviews and images. One that aligning
    them can undo: other words of the same meaning, another exposure of the images. None, which is
    the default. And one that no alignment can undo, for it leaves the distribution of words and
    images as it is and turns what they mean about: ``mirrored``.
    """

    users: tuple[_Size, _Size] = (300, 200)
    items: tuple[_Size, _Size] = (150, 120)
    ratings_per_user: tuple[_Count, _Count] = (20, 10)
    shared_users: _Count = 60
    shared_items: _Count = 20
    factors: Annotated[int, Field(ge=1, le=67)] = 4
    """At most 67: for more, the words that tell of them run out."""
    relatedness: Annotated[float, Field(ge=-1, le=1)] = 1.0
    """The correlation of a shared user's tastes in the two domains once mapped; 1: the map says
    it all, 0: nothing carries over."""
    bias: _Stars = 0.4
    """Stars that a standard deviation of a user's generosity or of an item's quality is worth."""
    affinity: _Stars = 0.6
    """Stars that a standard deviation of how an item suits a user is worth."""
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.5
    """The standard deviation of ratings about their signal before they are rounded, in stars."""
    candour: _Share = 0.4
    """The share of a review's words that tell its rating; the others tell of tastes, factors and
    nothing."""
    synonyms: _Share = 0.0
    """The share of words that the target replaces by others of the same meaning."""
    contrast: _Stars = 1.0
    """By what the target's images are multiplied."""
    brightness: _Stars = 0.0
    """What is then added to the target's images, whose pixels have a deviation of about 1."""
    mirrored: bool = False
    """Whether the target's reviews speak of a rating as the source's do of one as far from the
    mean on the other side, and its better items look as the source's worse ones do."""
    image_features: _Count = 0
    """How many features of images there are in the place of images; 0: the images themselves."""
    seed: _Count = 1

    def __post_init__(self) -> None:
        for kind, shared, sizes in (
            ("users", self.shared_users, self.users),
            ("items", self.shared_items, self.items),
        ):
            if shared > min(sizes):
                raise ValueError(f"shared_{kind} = {shared} exceeds the smaller of {sizes}")


DEFAULT = Planted()
"""What the synthetic domains hold unless a task says otherwise."""


@dataclass(frozen=True)
class PlantedPair:
    """Both domains and the truth they were drawn from.

    ``map`` (d, d) takes source tastes to target tastes, as ``target = map @ source``; tastes
    (n_users, d) and item factors (n_items, d) are in the order of ids ``user_ids``/``item_ids``.
    """

    source: Domain
    target: Domain
    map: FloatArray
    user_ids: tuple[list[str], list[str]]
    item_ids: tuple[list[str], list[str]]
    tastes: tuple[FloatArray, FloatArray]
    item_factors: tuple[FloatArray, FloatArray]


class _Stream:
    """Random numbers from PCG64's raw output, which numpy promises not to change."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, *shape: int) -> FloatArray:
        raw = self._bits.random_raw(int(np.prod(shape)))
        return ((raw >> np.uint64(11)).astype(np.float64) + 0.5).reshape(shape) * 2.0**-53

    def normal(self, *shape: int) -> FloatArray:
        return np.asarray(ndtri(self.uniform(*shape)), dtype=np.float64)

    def pick(self, weights: FloatArray) -> IntArray:
        """One column of ``weights`` (n, m) for each row, with probability by weight."""
        edges = np.cumsum(weights, axis=1)
        below = edges < self.uniform(len(weights), 1) * edges[:, -1:]
        column: IntArray = np.minimum(below.sum(axis=1), weights.shape[1] - 1)
        return column


# A task loads its two domains one by one, and a suite's tasks are often of one pair.
@functools.lru_cache(maxsize=1)
def planted_pair(planted: Planted) -> PlantedPair:
    """Draw the pair; the same parameters give the same data on every machine and numpy."""
    stream = _Stream(planted.seed)
    d = planted.factors
    orthogonal = np.linalg.qr(stream.normal(d, d))[0]

    user_ids = _ids("user", planted.users, planted.shared_users)
    item_ids = _ids("item", planted.items, planted.shared_items)
    tastes = stream.normal(planted.users[0], d), stream.normal(planted.users[1], d)
    factors = stream.normal(planted.items[0], d), stream.normal(planted.items[1], d)
    generosity = stream.normal(planted.users[0]), stream.normal(planted.users[1])
    quality = stream.normal(planted.items[0]), stream.normal(planted.items[1])

    # Shared identities come first in both domains. Mapping users and items alike keeps their
    # inner products, hence the rating that a shared user gives a shared item.
    k, m, rho = planted.shared_users, planted.shared_items, planted.relatedness
    rest = np.sqrt(1 - rho**2)
    tastes[1][:k] = rho * tastes[0][:k] @ orthogonal.T + rest * tastes[1][:k]
    generosity[1][:k] = rho * generosity[0][:k] + rest * generosity[1][:k]
    factors[1][:m] = factors[0][:m] @ orthogonal.T
    quality[1][:m] = quality[0][:m]

    domains = [
        _domain(
            f"synthetic/{('source', 'target')[side]}",
            stream,
            planted,
            side,
            (user_ids[side], item_ids[side]),
            (tastes[side], factors[side]),
            (generosity[side], quality[side]),
        )
        for side in (0, 1)
    ]
    return PlantedPair(domains[0], domains[1], orthogonal, user_ids, item_ids, tastes, factors)


def expected_stars(signal: FloatArray, noise: float) -> FloatArray:
    """The mean (n,) of ratings: ``signal`` plus normal noise, rounded into the scale."""
    if noise == 0:
        return np.asarray(_rounded(signal), dtype=np.float64)
    thresholds = np.arange(SCALE[0], SCALE[1]) + 0.5
    above = 1 - ndtr((thresholds - signal[:, None]) / noise)
    return np.asarray(SCALE[0] + above.sum(axis=1), dtype=np.float64)


def _rounded(stars: FloatArray) -> FloatArray:
    return np.clip(np.floor(stars + 0.5), *SCALE)


def _ids(kind: str, sizes: tuple[int, int], shared: int) -> tuple[list[str], list[str]]:
    common = [f"{kind}-{i:05d}" for i in range(shared)]
    own = [
        [f"{side}-{kind}-{i:05d}" for i in range(shared, n)]
        for side, n in zip(("source", "target"), sizes, strict=True)
    ]
    return common + own[0], common + own[1]


def _domain(
    name: str,
    stream: _Stream,
    planted: Planted,
    side: int,
    ids: tuple[list[str], list[str]],
    factors: tuple[FloatArray, FloatArray],
    biases: tuple[FloatArray, FloatArray],
) -> Domain:
    users, items = _who_rates_what(
        stream, len(ids[0]), len(ids[1]), planted.ratings_per_user[side]
    )
    affinity = (factors[0][users] * factors[1][items]).sum(axis=1) / np.sqrt(planted.factors)
    signal = MEAN_STARS + planted.bias * biases[0][users] + planted.bias * biases[1][items]
    signal += planted.affinity * affinity
    ratings = _rounded(signal + planted.noise * stream.normal(len(users)))
    mirrored = planted.mirrored and bool(side)
    told = _mirrored(ratings, planted.seed) if mirrored else ratings
    text = _Writer(stream, planted, foreign=bool(side))
    rows = pd.DataFrame(
        {
            "user": np.array(ids[0], dtype=object)[users],
            "item": np.array(ids[1], dtype=object)[items],
            "rating": ratings,
            "time": FIRST_DAY + 86_400 * (stream.uniform(len(users)) * DAYS).astype(np.int64),
            "summary": text.write(factors[0][users], factors[1][items], told, words=5),
            "body": text.write(factors[0][users], factors[1][items], told, words=25),
        }
    )
    ideal = expected_stars(signal, planted.noise)
    ordered = canonical(rows.astype({"user": str, "item": str}))
    by_pair = pd.Series(ideal, index=pd.MultiIndex.from_arrays([rows["user"], rows["item"]]))
    in_order = by_pair.loc[list(zip(ordered["user"], ordered["item"], strict=True))]
    return Domain(
        name,
        ordered,
        SCALE,
        users=_user_table(stream, ids[0], factors[0]),
        items=_item_table(stream, ids[1], factors[1], biases[1]),
        images=ItemImages(
            np.array(ids[1]),
            _images(stream, planted, factors[1], -biases[1] if mirrored else biases[1], side),
        ),
        ideal=np.asarray(in_order, dtype=np.float64),
    )


def _who_rates_what(
    stream: _Stream, n_users: int, n_items: int, mean: int
) -> tuple[IntArray, IntArray]:
    """Distinct pairs; every user has at least 5, popular items have more."""
    popularity = np.log(0.2 + stream.uniform(n_items))
    counts = 5 - np.log(stream.uniform(n_users)) * max(mean - 5, 0)
    counts = np.minimum(counts.astype(np.int64), n_items // 2)
    # Gumbel noise on log-weights: the first c are a weighted draw without replacement.
    order = np.argsort(np.log(-np.log(stream.uniform(n_users, n_items))) - popularity, axis=1)
    chosen = np.arange(n_items) < counts[:, None]
    return np.repeat(np.arange(n_users), counts), order[chosen]


class _Writer:
    """Writes reviews whose words tell the user's tastes, the item's factors and the rating."""

    def __init__(self, stream: _Stream, planted: Planted, *, foreign: bool) -> None:
        self._stream = stream
        d, self._candour = planted.factors, planted.candour
        # Two signs a factor for users and for items, five stars, and filler; ten words each.
        self._meanings = 4 * d + 6
        words = [f"{a}{b}{c}" for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES]
        lexicon = np.array(words[: self._meanings * 10], dtype=object).reshape(self._meanings, 10)
        # The draw is made for both domains, so that the rest of the stream does not depend on it.
        replaced = _Stream(planted.seed + 1).uniform(*lexicon.shape) < planted.synonyms
        self._lexicon = np.where(replaced & foreign, lexicon + "x", lexicon)

    def write(
        self, tastes: FloatArray, factors: FloatArray, ratings: FloatArray, *, words: int
    ) -> list[str]:
        n = len(ratings)
        stars = np.eye(5)[ratings.astype(np.int64) - 1]
        rest = (1 - self._candour) / 0.6
        weights = np.column_stack(
            [
                0.25 * rest * _shares(tastes),
                0.25 * rest * _shares(factors),
                self._candour * stars,
                0.1 * rest * np.ones(n),
            ]
        )
        lengths = words // 2 + (self._stream.uniform(n) * words).astype(np.int64) + 1
        meanings = self._stream.pick(np.repeat(weights, lengths, axis=0))
        column = (self._stream.uniform(len(meanings)) * self._lexicon.shape[1]).astype(np.int64)
        tokens = self._lexicon[meanings, column]
        return [" ".join(row) for row in np.split(tokens, np.cumsum(lengths)[:-1])]


def _mirrored(ratings: FloatArray, seed: int) -> FloatArray:
    """The ratings as far from the mean on the other side, rounded up or down at random."""
    mirrored = 2 * MEAN_STARS - ratings
    return np.clip(np.floor(mirrored + _Stream(seed + 2).uniform(len(ratings))), *SCALE)


def _shares(factors: FloatArray) -> FloatArray:
    """How much of a text is about each sign of each factor (n, 2 d); rows sum to 1."""
    signed = np.column_stack([np.maximum(factors, 0), np.maximum(-factors, 0)]) ** 2
    return np.asarray(signed / signed.sum(axis=1, keepdims=True), dtype=np.float64)


def _images(
    stream: _Stream, planted: Planted, factors: FloatArray, quality: FloatArray, side: int
) -> NDArray[np.float32]:
    """Images (n, 3, 16, 16), one wave a factor, brightness by quality, and noise; or features."""
    y, x = np.mgrid[0:IMAGE_SIDE, 0:IMAGE_SIDE] / IMAGE_SIDE * 2 * np.pi
    d = factors.shape[1]
    waves = np.stack([np.sin((k // 2 + 1) * (x if k % 2 else y) + k) for k in range(d)])
    channels = np.eye(3)[np.arange(d) % 3]
    image = np.einsum("nk,kc,kyx->ncyx", factors, channels, waves)
    image += quality[:, None, None, None] + 0.3 * stream.normal(*image.shape)
    if side:
        image = planted.contrast * image + planted.brightness
    if planted.image_features:
        image = _features(image.reshape(len(image), -1), planted)
    return np.asarray(image, dtype=np.float32)


def _features(pixels: FloatArray, planted: Planted) -> FloatArray:
    """Features (n, d) of images (n, pixels): a layer of rectified units, the same for all."""
    n_pixels = pixels.shape[1]
    weights = _Stream(planted.seed + 3).normal(n_pixels, planted.image_features)
    features: FloatArray = np.maximum(pixels @ weights / np.sqrt(n_pixels), 0)
    return features


def _user_table(stream: _Stream, ids: list[str], tastes: FloatArray) -> pd.DataFrame:
    noisy = tastes + 0.5 * stream.normal(*tastes.shape)
    table = pd.DataFrame(noisy, columns=[f"taste_{k}" for k in range(tastes.shape[1])], index=ids)
    table["region"] = np.array(["north", "east", "south", "west"])[
        (stream.uniform(len(ids)) * 4).astype(np.int64)
    ]
    return table


def _item_table(
    stream: _Stream, ids: list[str], factors: FloatArray, quality: FloatArray
) -> pd.DataFrame:
    noisy = factors + 0.5 * stream.normal(*factors.shape)
    genre = np.abs(noisy).argmax(axis=1)
    table = pd.DataFrame(noisy, columns=[f"trait_{k}" for k in range(factors.shape[1])], index=ids)
    table["price"] = np.round(np.exp(2 + 0.3 * quality + 0.3 * stream.normal(len(ids))), 2)
    table["category"] = [f"genre {k}" for k in genre]
    return table
