"""DeepCoNN's network for one side: embedding, convolution, max over time, dense; fast on a CPU.

L. Zheng, V. Noroozi and P. S. Yu, "Joint deep modeling of users and items using reviews for
recommendation", WSDM 2017, sections 3.2 and 3.3. Convolving a document is adding up one row a word
of a table, the product of the batch's distinct words with the kernels; and the gradient of the
maximum only passes through the window that attains it, so no other is kept for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.text import PAD, UNK, Documents
from benchmark.recommender import IntArray

_AT_ONCE = 1 << 13
"""Windows convolved at a time, about as many as a cache holds."""


class TextCNN(nn.Module):
    """Documents (n,) to codes (n, latent); ``kernels`` is (embedding, width * filters)."""

    def __init__(
        self, vocabulary: int, *, embedding: int, width: int, filters: int, latent: int
    ) -> None:
        super().__init__()
        self.width, self.filters = width, filters
        # Differs: no vectors of Google News, which are no part of the data; the authors' code
        # draws the words that these lack from U(-1, 1).
        self.embedding = nn.Parameter(torch.empty(vocabulary, embedding).uniform_(-1, 1))
        # Silent: padding and the empty document; no word, hence 0, until training says otherwise.
        with torch.no_grad():
            self.embedding[[PAD, UNK]] = 0
        kernels = torch.empty(embedding, width * filters)
        self.kernels = nn.Parameter(nn.init.trunc_normal_(kernels, std=0.1, a=-0.2, b=0.2))
        self.bias = nn.Parameter(torch.full((filters,), 0.1))
        self.dense = nn.Linear(filters, latent)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.constant_(self.dense.bias, 0.1)

    def forward(self, documents: Documents) -> Tensor:
        """Codes (n, latent) of the documents."""
        codes: Tensor = self.dense(self.pooled(documents))
        return codes

    def pooled(self, documents: Documents) -> Tensor:
        """The highest activation (n, filters) of each filter anywhere in a document."""
        batch = _numbered(documents, self.width)
        words = nn.functional.embedding(batch.vocabulary, self.embedding)
        # Row width * w + j: what word w adds to a window at whose place j it stands, Eq. (4).
        table = (words @ self.kernels).view(-1, self.filters)
        highest = self._highest(table.detach(), batch)  # (n, filters, width)
        columns = torch.arange(self.filters)[:, None]
        activations = table.flatten()[highest * self.filters + columns].sum(dim=2)
        return torch.relu(activations + self.bias)  # ReLU and Eq. (5) commute

    def _highest(self, table: Tensor, batch: _Batch) -> Tensor:
        """The rows of ``table`` that add up to each filter's highest window."""
        rows = torch.empty(len(batch.tokens), self.filters, self.width, dtype=torch.int64)
        for documents, places in batch.parts(self.width):
            windows = torch.from_numpy(batch.tokens[documents, : places + self.width - 1])
            windows = windows.unfold(1, self.width, 1) * self.width + torch.arange(self.width)
            sums = nn.functional.embedding_bag(windows.flatten(0, 1), table, mode="sum")
            best = sums.view(len(documents), places, -1).max(dim=1).indices
            rows[documents] = windows[torch.arange(len(documents))[:, None], best]
        return rows


@dataclass(frozen=True)
class _Batch:
    """Documents whose ``tokens`` (n, m) count the distinct words, ``vocabulary`` (v,)."""

    vocabulary: Tensor
    tokens: IntArray
    lengths: IntArray

    def parts(self, width: int) -> Iterator[tuple[IntArray, int]]:
        """Documents of about one length, and the windows that are distinct in them.

        Behind a document's end there are ``width`` windows with padding that differ; the others
        repeat the last of these, and repetition leaves a maximum as it is.
        """
        order, most = np.argsort(self.lengths, kind="stable"), self.tokens.shape[1] - width + 1
        while len(order):
            places = np.minimum(self.lengths[order] + 1, most)
            size = max(1, int(np.sum(places * np.arange(1, len(order) + 1) <= _AT_ONCE)))
            yield order[:size], int(places[size - 1])
            order = order[size:]


def _numbered(documents: Documents, width: int) -> _Batch:
    tokens = documents.tokens
    # A document is padded to the longest one's length, and to one window at least.
    tokens = np.pad(tokens, ((0, 0), (0, max(0, width - tokens.shape[1]))))
    vocabulary, numbered = np.unique(tokens, return_inverse=True)
    return _Batch(torch.from_numpy(vocabulary.astype(np.int64)), numbered, documents.lengths)
