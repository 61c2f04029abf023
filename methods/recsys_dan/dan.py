"""What all instances of RecSys-DAN share: documents, networks, pre-training, inference.

Wang, Niepert, Li: RecSys-DAN: Discriminative Adversarial Networks for Cross-Domain Recommender
Systems, IEEE TNNLS 2020.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Selection, Side, Signal
from methods.recsys_dan.lstm import TextEncoder
from methods.recsys_dan.networks import Activation, Generators, Interaction
from methods.recsys_dan.optimizers import OptimizerName
from methods.recsys_dan.pretraining import SourceModel, pretrain
from methods.recsys_dan.samples import Corpus, read_corpus, reviewed
from methods.recsys_dan.scorer import Scorer


@dataclass
class RecSysDAN(Recommender):
    """Algorithm 1 up to the target's generators M^t, which is what the instances differ in."""

    paper: ClassVar[str] = (
        "Wang, Niepert, Li: RecSys-DAN: Discriminative Adversarial Networks for Cross-Domain "
        "Recommender Systems. IEEE TNNLS 31(8), 2020"
    )
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS
    target_data: ClassVar[Signal] = Signal.REVIEWS
    selection: ClassVar[Selection] = Selection.SOURCE
    clips: ClassVar[bool] = False

    min_count: int = 5
    """Occurrences that make a word known; section V-A."""
    max_words: int = 100
    """Silent: words of a document, cut after its earliest; the Theano LSTM tutorial's maxlen."""
    own_review: bool = True
    """Silent: whether a training pair's documents contain its own review; as in DeepCoNN, which
    section V-A follows."""
    embedding: int = 256
    """Silent: width of word embeddings; the tutorial has one width for these and the LSTM."""
    lstm_width: int = 256
    """Units of the LSTM, hence width of user and item codes; section V-C."""
    interaction_width: int = 512
    """Units of Gf; section V-C."""
    dropout: float = 0.5
    """Share of Gf's output dropped in training; section V-C."""
    activation: Activation = "linear"
    """Silent: what follows Gf's dense layer; section V-C names ReLU for discriminators only."""
    optimizer: OptimizerName = "adadelta"
    """Differs: ADADELTA at Zeiler's rate 1 instead of 0.0001; see optimizers.py."""
    penalty: float = 0.0
    """Silent: λ of Eqs. (3) and (4); the tutorial's decay_c."""
    batch_size: int = 512
    """Section V-C."""
    pretrain_epochs: int = 30
    """Silent: most epochs of pre-training; thrice the about 10 that section V-D8 reports."""
    patience: int = 10
    """Silent: epochs without a better held-out RMSE before pre-training stops; the tutorial's."""
    held_out: float = 0.1
    """Silent: share of the source's training rows that decides when to stop; the size of the
    paper's validation part, which is not read here."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        """Learn M^s and G^s_y from the source, then M^t.

        Raises:
            NotApplicableError: a domain has too few training rows with text.
        """
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        corpus = read_corpus(
            data,
            min_count=self.min_count,
            max_words=self.max_words,
            own_review=self.own_review,
            held_out=self.held_out,
            rng=rng,
        )
        model = SourceModel(self._generators(len(corpus.vocabulary)), self.interaction_width)
        self.history_ = pretrain(
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
        self.facts_ = self._facts(data, corpus)
        generators = self._target_generators(model.generators, corpus, rng)
        self.scorers_ = {
            Side.SOURCE: Scorer.of(model.generators, model.scoring, corpus.source),
            Side.TARGET: Scorer.of(generators, model.scoring, corpus.target),
        }
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        """Ratings (n,) in stars, not clipped: Eq. (10)."""
        return self.scorers_[pairs.side].score(pairs)

    def embed(self, pairs: Pairs) -> FloatArray:
        """Interactions (n, interaction_width): M^t's of target pairs, M^s's of source pairs."""
        return self.scorers_[pairs.side].embed(pairs)

    @abstractmethod
    def _target_generators(
        self, source_generators: Generators, corpus: Corpus, rng: np.random.Generator
    ) -> Generators:
        """M^t, learned from M^s and unrated target pairs; M^s stays as it is."""

    def _generators(self, vocabulary: int) -> Generators:
        # Silent: whether Gu and Gv share words; Θ_u and Θ_v are listed apart, so they do not.
        user, item = (
            TextEncoder(vocabulary, embedding=self.embedding, width=self.lstm_width)
            for _ in range(2)
        )
        interaction = Interaction(
            2 * self.lstm_width,
            self.interaction_width,
            dropout=self.dropout,
            activation=self.activation,
        )
        return Generators(user, item, interaction)

    def _facts(self, data: TrainingData, corpus: Corpus) -> dict[str, float | int | str]:
        errors = self.history_["source held-out RMSE"]
        facts: dict[str, float | int | str] = {
            "vocabulary": len(corpus.vocabulary),
            "pre-training epochs": len(errors),
            "best pre-training epoch": int(np.argmin(errors)) + 1,
            "source rows held out": len(corpus.held_out),
        }
        for side in Side:
            view = data.side(side)
            rows = reviewed(view)
            facts |= {
                f"{side} rows": len(view.users),
                f"{side} rows with text": len(rows),
                f"{side} user documents": len(np.unique(view.users[rows])),
                f"{side} item documents": len(np.unique(view.items[rows])),
            }
        return facts
