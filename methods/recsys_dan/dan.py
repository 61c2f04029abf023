"""What all instances of RecSys-DAN share: documents, networks, pre-training, inference.

Wang, Niepert, Li: RecSys-DAN: Discriminative Adversarial Networks for Cross-Domain Recommender
Systems, IEEE TNNLS 2020.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from statistics import mean
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.views import Stages, TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Selection, Side
from methods.recsys_dan.lstm import TextEncoder
from methods.recsys_dan.networks import Activation, Generators, Interaction
from methods.recsys_dan.optimizers import OptimizerName
from methods.recsys_dan.pretraining import SourceModel, pretrain
from methods.recsys_dan.reading import Reading
from methods.recsys_dan.samples import Corpus, Modality, read_corpus, represented
from methods.recsys_dan.scorer import Scorer
from methods.recsys_dan.shared import Level, Triples
from methods.recsys_dan.switches import Count, NonNegative, PositiveShare, Share, check_settings


class Stage(IntEnum):
    """The stages of a fit; each draws random numbers of its own, whatever ran before it."""

    READING = 0
    PRETRAINING = 1
    SHARED_ITEMS = 2
    SHARED_USERS = 3
    ADAPTATION = 4
    USER_FINE_TUNING = 5
    ITEM_FINE_TUNING = 6
    CONTROL = 7

    def begin(self, seed: int) -> np.random.Generator:
        """Seed torch and return numpy's generator for this stage of a fit with ``seed``."""
        rng = np.random.default_rng([seed, self])
        torch.manual_seed(int(rng.integers(2**62)))
        return rng


@dataclass(frozen=True)
class Setting:
    """What a fit goes on from once the source is learned: ``model`` is M^s and G^s_y."""

    data: TrainingData
    corpus: Corpus
    shared: Mapping[Level, Triples]
    model: SourceModel
    seed: int


def settings_of(method: Recommender, *classes: type[Any]) -> dict[str, object]:
    """The values that ``method`` has for the fields of ``classes``."""
    return {
        field.name: getattr(method, field.name) for class_ in classes for field in fields(class_)
    }


@dataclass
class RecSysDAN(Recommender):
    """Algorithm 1 up to the target's generators M^t, which is what the instances differ in."""

    paper: ClassVar[str] = (
        "Wang, Niepert, Li: RecSys-DAN: Discriminative Adversarial Networks for Cross-Domain "
        "Recommender Systems. IEEE TNNLS 31(8), 2020"
    )
    selection: ClassVar[Selection] = Selection.SOURCE
    clips: ClassVar[bool] = False
    modality: ClassVar[Modality]
    """What represents an item: its reviews or its image."""

    min_count: Count = 5
    """Occurrences that make a word known; section V-A."""
    max_words: Count = 100
    """Silent: words of a document, cut after its earliest; the Theano LSTM tutorial's maxlen."""
    own_review: bool = True
    """Silent: whether a training pair's documents contain its own review, as far as that is among
    their earliest ``max_words``; as in DeepCoNN, which section V-A follows."""
    embedding: Count = 256
    """Silent: width of word embeddings; the tutorial has one width for these and the LSTM."""
    lstm_width: Count = 256
    """Units of the LSTM, hence width of user and item codes; section V-C."""
    interaction_width: Count = 512
    """Units of Gf; section V-C."""
    dropout: Share = 0.5
    """Share of Gf's output dropped in training; section V-C."""
    activation: Activation = "linear"
    """Silent: what follows Gf's dense layer; section V-C names ReLU for discriminators only."""
    optimizer: OptimizerName = "adadelta"
    """Differs: ADADELTA at Zeiler's rate 1 instead of 0.0001; see optimizers.py."""
    penalty: NonNegative = 0.0
    """Silent: λ of Eqs. (3) and (4); the tutorial's decay_c."""
    batch_size: Count = 512
    """Section V-C."""
    pretrain_epochs: Count = 30
    """Silent: most epochs of pre-training; thrice the about 10 that section V-D8 reports."""
    patience: Count = 10
    """Silent: epochs without a better held-out RMSE before pre-training stops; the tutorial's."""
    held_out: PositiveShare = 0.1
    """Silent: share of the source's training rows that decides when to stop; the size of the
    paper's validation part, which is not read here."""

    def __post_init__(self) -> None:
        check_settings(self)

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        """Learn M^s and G^s_y from the source, then M^t.

        Raises:
            NotApplicableError: a domain has too few training rows with text (and image), or the
                domains share nothing that the instance needs shared.
        """
        corpus = read_corpus(
            data,
            self.modality,
            min_count=self.min_count,
            max_words=self.max_words,
            own_review=self.own_review,
            held_out=self.held_out,
            rng=Stage.READING.begin(seed),
        )
        shared = self._shared(data, corpus, seed)
        model = self._pretrained(corpus, data.stages, seed)
        self.facts_ = self._facts(data, corpus)
        generators = self._target_generators(Setting(data, corpus, shared, model, seed))
        started = time.perf_counter()
        self.scorers_ = {
            Side.SOURCE: Scorer.of(model.generators, model.scoring, corpus.source),
            Side.TARGET: Scorer.of(generators, model.scoring, corpus.target),
        }
        self.facts_["seconds to encode all users and items"] = time.perf_counter() - started
        self.weights_ = self._interaction_weights(model.generators, generators, seed)
        self.reading_ = Reading.of(corpus)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        """Ratings (n,) in stars, not clipped: Eq. (10)."""
        return self.scorers_[pairs.side].score(pairs)

    def embed(self, pairs: Pairs) -> FloatArray:
        """Interactions (n, interaction_width): M^t's of target pairs, M^s's of source pairs."""
        return self.scorers_[pairs.side].embed(pairs)

    def explain(self, pairs: Pairs) -> list[dict[str, str]]:
        """The documents of each pair's user and item as they were read, as Table V prints them."""
        return self.reading_.of_pairs(pairs)

    @abstractmethod
    def _target_generators(self, setting: Setting) -> Generators:
        """M^t, learned from M^s and unrated target pairs; M^s stays as it is."""

    @abstractmethod
    def _item_generator(self, corpus: Corpus, user: TextEncoder) -> nn.Module:
        """Gv, as it is before training, beside Gu."""

    def _shared(self, data: TrainingData, corpus: Corpus, seed: int) -> Mapping[Level, Triples]:
        """The triples by level, of those instances that learn from shared users or items."""
        return {}

    @abstractmethod
    def _source_settings(self) -> dict[str, object]:
        """All that pre-training depends on, and nothing that comes later."""

    def _pretrained(self, corpus: Corpus, stages: Stages, seed: int) -> SourceModel:
        rng = Stage.PRETRAINING.begin(seed)
        model = SourceModel(self._generators(corpus), self.interaction_width)

        def train() -> tuple[dict[str, Tensor], dict[str, list[float]]]:
            curves = pretrain(
                model,
                corpus.source,
                corpus.held_out,
                optimizer=self.optimizer,
                penalty=self.penalty,
                batch_size=self.batch_size,
                max_epochs=self.pretrain_epochs,
                patience=self.patience,
                rng=rng,
            )
            return model.state_dict(), curves

        weights, curves = stages.recall(
            "pre-training", {**self._source_settings(), "seed": seed}, train
        )
        model.load_state_dict(weights)
        self.history_ = dict(curves)
        return model

    def _generators(self, corpus: Corpus) -> Generators:
        user = self._text_generator(corpus)
        return Generators(user, self._item_generator(corpus, user), self._interaction())

    def _text_generator(self, corpus: Corpus) -> TextEncoder:
        return TextEncoder(len(corpus.vocabulary), embedding=self.embedding, width=self.lstm_width)

    def _interaction(self) -> Interaction:
        return Interaction(
            2 * self.lstm_width,
            self.interaction_width,
            dropout=self.dropout,
            activation=self.activation,
        )

    def _interaction_weights(
        self, source: Generators, target: Generators, seed: int
    ) -> dict[str, FloatArray]:
        """Θ_f (interaction_width, 2 lstm_width) as Fig. 7 shows it, and as it is untrained.

        M^t starts as M^s, so that they look alike proves nothing; the untrained one is the least
        that they must differ from.
        """
        Stage.CONTROL.begin(seed)
        layers = {
            "source": source.interaction,
            "target": target.interaction,
            "control": self._interaction(),
        }
        return {
            name: layer.dense.weight.detach().double().numpy() for name, layer in layers.items()
        }

    def _facts(self, data: TrainingData, corpus: Corpus) -> dict[str, float | int | str]:
        errors = self.history_["source held-out RMSE"]
        facts: dict[str, float | int | str] = {
            "seconds per pre-training epoch": mean(self.history_["pre-training seconds"]),
            "vocabulary": len(corpus.vocabulary),
            "pre-training epochs": len(errors),
            "best pre-training epoch": int(np.argmin(errors)) + 1,
            "source rows held out": len(corpus.held_out),
        }
        what = {"unimodal": "text", "multimodal": "text and image"}[self.modality]
        for side in Side:
            view = data.side(side)
            rows = represented(view, self.modality)
            facts |= {
                f"{side} rows": len(view.users),
                f"{side} rows with {what}": len(rows),
                f"{side} users with {what}": len(np.unique(view.users[rows])),
                f"{side} items with {what}": len(np.unique(view.items[rows])),
            }
        return facts
