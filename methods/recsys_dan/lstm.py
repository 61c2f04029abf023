"""The text generator Gu or Gv: embedding, LSTM, average pooling; exact, but fast on a CPU.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eq. (2) and section V-C. Three things make it fast:
the gates' input part is one product with the distinct words' embeddings, not with every token's;
documents are sorted by length, so that short ones drop out; and the backward pass is written by
hand, with a single product for the recurrent weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.text import PAD, Documents

_aten = torch.ops.aten


class TextEncoder(nn.Module):
    """Documents (n,) to codes (n, width): Embedding -> LSTM(width) -> mean over the words.

    Weights stack the gates in the order input, forget, output, candidate.
    """

    def __init__(self, vocabulary: int, *, embedding: int, width: int) -> None:
        super().__init__()
        # Silent: initial embeddings; 0.01 U(0, 1) as in the Theano LSTM tutorial, which the
        # rest of section V-C follows.
        self.embedding = nn.Parameter(0.01 * torch.rand(vocabulary, embedding))
        # "The weights of LSTM are orthogonally initialized", section V-C; each gate's on its own.
        self.input_weights = nn.Parameter(_orthogonal(width, embedding))
        self.recurrent_weights = nn.Parameter(_orthogonal(width, width))
        self.bias = nn.Parameter(torch.zeros(4 * width))

    def forward(self, documents: Documents) -> Tensor:
        """Codes (n, width) of the documents."""
        packed = _pack(documents)
        # Eq. (2): the terms W_x x + b, once a distinct word instead of once a token.
        words = nn.functional.embedding(packed.vocabulary, self.embedding)
        table = nn.functional.linear(words, self.input_weights, self.bias)
        codes: Tensor = _MeanLSTM.apply(  # type: ignore[no-untyped-call]
            table, self.recurrent_weights, packed, torch.is_grad_enabled()
        )
        return codes.index_select(0, packed.unsort)


def _orthogonal(rows: int, columns: int) -> Tensor:
    return torch.cat([nn.init.orthogonal_(torch.empty(rows, columns)) for _ in range(4)])


@dataclass(frozen=True)
class _Packed:
    """Documents from long to short, word by word: first all first words, then all second words.

    The words at place t are ``words[starts[t] : starts[t + 1]]``, rows of ``vocabulary`` (v,);
    ``lengths`` (n, 1); ``unsort`` (n,) restores the documents' own order.
    """

    vocabulary: Tensor
    words: Tensor
    starts: list[int]
    lengths: Tensor
    unsort: Tensor


def _pack(documents: Documents) -> _Packed:
    order = np.argsort(-documents.lengths, kind="stable")
    by_place = documents.tokens[order].T
    vocabulary, words = np.unique(by_place[by_place != PAD], return_inverse=True)
    active = (by_place != PAD).sum(axis=1)
    return _Packed(
        torch.from_numpy(vocabulary.astype(np.int64)),
        torch.from_numpy(words),
        [0, *np.cumsum(active[active > 0]).tolist()],
        torch.from_numpy(documents.lengths[order].astype(np.float32))[:, None],
        torch.from_numpy(np.argsort(order)),
    )


class _MeanLSTM(torch.autograd.Function):
    """Eq. (2) over packed words, and the mean of h over each document's words."""

    @staticmethod
    def forward(
        ctx: Any, table: Tensor, recurrent: Tensor, packed: _Packed, train: bool
    ) -> Tensor:
        """Means (n, d) from the words' gate inputs (v, 4 d) and recurrent weights (4 d, d)."""
        places = list(pairwise(packed.starts))
        n, d = places[0][1], recurrent.shape[1]
        # What the backward pass needs is kept for all words; without one, for one place only.
        kept = len(packed.words) if train else n
        gates, cells = table.new_empty(kept, 4 * d), table.new_empty(kept, d)
        previous = table.new_zeros(kept if train else 0, d)
        h, c, total = table.new_zeros(n, d), table.new_zeros(n, d), table.new_zeros(n, d)
        for start, stop in places:
            here = slice(start, stop) if train else slice(0, stop - start)
            h, c = h[: stop - start], c[: stop - start]
            if train:
                previous[here] = h
            gate, cell = gates[here], cells[here]
            torch.index_select(table, 0, packed.words[start:stop], out=gate)
            gate.addmm_(h, recurrent.T)
            gate[:, : 3 * d].sigmoid_()
            gate[:, 3 * d :].tanh_()
            i, f, o, g = gate.chunk(4, dim=1)
            torch.mul(f, c, out=cell).addcmul_(i, g)
            c = cell if train else cell.clone()
            h = o * torch.tanh(cell)
            total[: stop - start] += h
        ctx.packed = packed
        if train:
            ctx.save_for_backward(recurrent, gates, cells, previous)
            ctx.vocabulary = len(table)
        return total.div_(packed.lengths.to(total.dtype))

    @staticmethod
    def backward(ctx: Any, *d_means: Tensor) -> tuple[Tensor, Tensor, None, None]:
        recurrent, gates, cells, previous = ctx.saved_tensors
        packed: _Packed = ctx.packed
        n, d = packed.starts[1], recurrent.shape[1]
        share = d_means[0] / packed.lengths.to(gates.dtype)
        d_h, d_c = gates.new_zeros(n, d), gates.new_zeros(n, d)
        places = list(pairwise(packed.starts))
        for t in range(len(places) - 1, -1, -1):
            start, stop = places[t]
            active = stop - start
            i, f, o, g = gates[start:stop].chunk(4, dim=1)
            tanh_c = cells[start:stop].tanh()
            d_now, d_cell = d_h[:active].add_(share[:active]), d_c[:active]
            before = cells[places[t - 1][0] :][:active] if t else torch.zeros_like(tanh_c)
            d_cell += _aten.tanh_backward(d_now * o, tanh_c)  # h = o tanh(c)
            d_i, d_f, d_g = d_cell * g, d_cell * before, d_cell * i  # c = f c' + i g
            d_cell *= f
            # Gates give way to their gradients: fresh memory would cost a page fault each.
            _aten.sigmoid_backward(d_i, i, grad_input=i)
            _aten.sigmoid_backward(d_f, f, grad_input=f)
            _aten.sigmoid_backward(d_now * tanh_c, o, grad_input=o)
            _aten.tanh_backward(d_g, g, grad_input=g)
            torch.mm(gates[start:stop], recurrent, out=d_h[:active])
        d_table = gates.new_zeros(ctx.vocabulary, 4 * d)
        d_table.scatter_add_(0, packed.words[:, None].expand(-1, 4 * d), gates)
        return d_table, gates.T @ previous, None, None
