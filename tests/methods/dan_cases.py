"""Small corpora and networks that the tests of RecSys-DAN share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmark.data.splits import split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import DomainView, TrainingData, training_data
from benchmark.recommender import Recommender
from methods.recsys_dan.fine_tuned import MultimodalHDAN
from methods.recsys_dan.modalities import Multimodal, Unimodal
from methods.recsys_dan.networks import Generators
from methods.recsys_dan.pretraining import SourceModel, pretrain
from methods.recsys_dan.samples import Corpus, Modality, read_corpus
from methods.recsys_dan.source_only import MultimodalSourceOnly, SourceOnly

SIZES: dict[str, Any] = {
    "embedding": 16,
    "lstm_width": 16,
    "interaction_width": 32,
    "max_words": 20,
    "pretrain_epochs": 2,
}
UNIMODAL: dict[str, Any] = {**Unimodal.smoke, **SIZES}
MULTIMODAL: dict[str, Any] = {**Multimodal.smoke, **SIZES}


def planted(*, synonyms: float = 0.0) -> Task:
    pair = planted_pair(
        Planted(
            users=(100, 80), items=(40, 30), shared_users=10, shared_items=5, synonyms=synonyms
        )
    )
    return make_task("planted", pair.source, pair.target)


def training_of(task: Task, method: type[Recommender] = MultimodalHDAN) -> TrainingData:
    split = split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)
    return training_data(method, task, split, text="summary")


def corpus_of(
    data: TrainingData,
    modality: Modality = "unimodal",
    *,
    min_count: int = 1,
    own_review: bool = True,
) -> Corpus:
    return read_corpus(
        data,
        modality,
        min_count=min_count,
        max_words=20,
        own_review=own_review,
        held_out=0.1,
        rng=np.random.default_rng(0),
    )


def generators_of(corpus: Corpus, modality: Modality = "unimodal", **changes: Any) -> Generators:
    torch.manual_seed(0)
    if modality == "unimodal":
        return SourceOnly(**(UNIMODAL | changes))._generators(corpus)
    return MultimodalSourceOnly(**(MULTIMODAL | changes))._generators(corpus)


def pretrained(corpus: Corpus, *, epochs: int) -> tuple[SourceModel, dict[str, list[float]]]:
    model = SourceModel(generators_of(corpus), SIZES["interaction_width"])
    curves = pretrain(
        model,
        corpus.source,
        corpus.held_out,
        optimizer="adadelta",
        penalty=0.0,
        batch_size=128,
        max_epochs=epochs,
        patience=10,
        rng=np.random.default_rng(0),
    )
    return model, curves


def named_rows(
    n: int = 20, *, unwritten: tuple[int, ...] = (), without_image: tuple[int, ...] = ()
) -> DomainView:
    """A domain in which the review of row k is the word "rowk", or missing where unwritten.

    Row k is of user k % 5 and item k % 4; the image of item v is v + 1 throughout.
    """
    reviews = [None if k in unwritten else f"row{k}" for k in range(n)]
    has_image = ~np.isin(np.arange(4), without_image)
    images = np.ones((4, 3, 8, 8), dtype=np.float32) * np.arange(1, 5)[:, None, None, None]
    hidden: Any = None
    return DomainView(
        n_users=5,
        n_items=4,
        scale=(1, 5),
        users=np.arange(n) % 5,
        items=np.arange(n) % 4,
        times=np.arange(n),
        ratings=np.arange(n) % 5 + 1.0,
        reviews=np.array(reviews, dtype=object),
        item_images=(images * has_image[:, None, None, None]).astype(np.float32),
        has_image=has_image,
        user_features=hidden,
        item_features=hidden,
    )


def both(
    view: DomainView, target: DomainView | None = None, *, users: Any = (), items: Any = ()
) -> TrainingData:
    """Two domains, the same unless told, and pairs of indices that are shared."""
    return TrainingData(
        view,
        view if target is None else target,
        np.array(users, dtype=np.int64).reshape(-1, 2),
        np.array(items, dtype=np.int64).reshape(-1, 2),
    )


def rmse(predicted: Any, ratings: Any) -> float:
    return float(np.sqrt(np.mean((predicted - ratings) ** 2)))


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    pairs = zip(left.parameters(), right.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
