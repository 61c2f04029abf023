"""The recommendation networks RS_A and RS_B that Table 10 compares."""

from __future__ import annotations

from typing import Literal

from methods.dml.networks.adversarial import Adversarial
from methods.dml.networks.architecture import Architecture
from methods.dml.networks.attention import Attention
from methods.dml.networks.convolutional import Cnn
from methods.dml.networks.mlp import Mlp
from methods.dml.networks.recurrent import Rnn

__all__ = ["Architecture", "Mlp", "NetworkKind", "network"]

NetworkKind = Literal["mlp", "cnn", "rnn", "attention", "adversarial"]
"""The paper's (§3.4) and those of Table 10."""


def network(kind: NetworkKind, dimension: int, hidden: int) -> Architecture:
    """The network of a kind for embeddings of ``dimension``and ``hidden`` units."""
    match kind:
        case "mlp":
            return Mlp(dimension, hidden)
        case "cnn":
            return Cnn(dimension, hidden)
        case "rnn":
            return Rnn(dimension, hidden)
        case "attention":
            return Attention(dimension, hidden)
        case "adversarial":
            return Adversarial(Mlp(dimension, hidden))
