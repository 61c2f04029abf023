"""The text generator Gu or Gv: embedding, LSTM, average pooling; exact, but fast on a CPU.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eq. (2) and section V-C. Four things make it fast:
the gates' input part is one product with the distinct words' embeddings, not with every token's;
documents are sorted by length, so that short ones drop out; the backward pass is written by hand,
with a single product for the recurrent weights; and products are oneDNN's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.text import PAD, Documents
from methods.recsys_dan.products import linear, times

_aten = torch.ops.aten
_ROUND = 8
"""To which multiple the documents at a place are rounded up; costs 3 % more products."""


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
        # Silent: initial biases; zero, as in the tutorial.
        self.bias = nn.Parameter(torch.zeros(4 * width))

    def forward(self, documents: Documents) -> Tensor:
        """Codes (n, width) of the documents."""
        packed = _pack(documents)
        # Eq. (2): the terms W_x x + b, once a distinct word instead of once a token.
        words = nn.functional.embedding(packed.vocabulary, self.embedding)
        table = linear(words, self.input_weights, self.bias)
        codes: Tensor = _MeanLSTM.apply(  # type: ignore[no-untyped-call]
            table, self.recurrent_weights, packed, torch.is_grad_enabled()
        )
        return codes.index_select(0, packed.unsort)


def _orthogonal(rows: int, columns: int) -> Tensor:
    return torch.cat([nn.init.orthogonal_(torch.empty(rows, columns)) for _ in range(4)])


@dataclass(frozen=True)
class _Packed:
    """Documents from long to short, word by word: first all first words, then all second words.

    The words at place t are ``words[starts[t] : starts[t + 1]]``, rows of ``vocabulary`` (v,). The
    first ``active[t]`` belong to documents; the rest, whatever they are, round their number up,
    for every size of a product costs a kernel of its own. ``lengths`` (r, 1) of the rounded
    number of documents; ``unsort`` (n,) restores the documents' own order.
    """

    vocabulary: Tensor
    words: Tensor
    starts: list[int]
    active: list[int]
    lengths: Tensor
    unsort: Tensor


def _pack(documents: Documents) -> _Packed:
    order = np.argsort(-documents.lengths, kind="stable")
    n_places = int(documents.lengths.max())
    by_place = documents.tokens[order, :n_places].T
    active = (by_place != PAD).sum(axis=1)
    rounded = -(-active // _ROUND) * _ROUND
    padded = np.full((n_places, rounded[0]), PAD, dtype=by_place.dtype)
    padded[:, : len(order)] = by_place
    here = np.arange(rounded[0]) < rounded[:, None]
    tokens = padded[here]
    tokens[tokens == PAD] = documents.tokens[0, 0]
    vocabulary, words = np.unique(tokens, return_inverse=True)
    lengths = np.ones((rounded[0], 1), dtype=np.float32)
    lengths[: len(order), 0] = documents.lengths[order]
    return _Packed(
        torch.from_numpy(vocabulary.astype(np.int64)),
        torch.from_numpy(words),
        [0, *np.cumsum(rounded).tolist()],
        active.tolist(),
        torch.from_numpy(lengths),
        torch.from_numpy(np.argsort(order)),
    )


class _Buffers:
    """Memory for forward passes, each handed on to a later one once its gradient is known.

    Fresh memory of this size costs a page fault every 4 KB, a tenth of the time of a step. Torch
    notices if what a pass has saved is overwritten, so handing on too early would be refused.
    """

    def __init__(self) -> None:
        self._free: list[Tensor] = []

    def take(self, size: int, dtype: torch.dtype) -> Tensor:
        """At least ``size`` numbers, whatever they are."""
        for k, buffer in enumerate(self._free):
            if buffer.dtype == dtype and len(buffer) >= size:
                return self._free.pop(k)
        # One that is too small now would be too small again.
        self._free = self._free[1:]
        return torch.empty(size + size // 8, dtype=dtype)

    def give(self, buffer: Tensor) -> None:
        """Hand back what :meth:`take` gave."""
        self._free.append(buffer)


_buffers = _Buffers()


def _parts(buffer: Tensor, rows: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """By word: gates i, f, o, g (rows, 4 d), cell c (rows, d), and the h before it (rows, d)."""
    sizes = [4 * rows * d, rows * d, rows * d]
    gates, cells, previous = buffer[: sum(sizes)].split(sizes)
    return gates.view(rows, 4 * d), cells.view(rows, d), previous.view(rows, d)


class _MeanLSTM(torch.autograd.Function):
    """Eq. (2) over packed words, and the mean of h over each document's words."""

    @staticmethod
    def forward(
        ctx: Any, table: Tensor, recurrent: Tensor, packed: _Packed, train: bool
    ) -> Tensor:
        """Means (r, d) from the words' gate inputs (v, 4 d) and recurrent weights (4 d, d)."""
        places = list(pairwise(packed.starts))
        n, d = places[0][1], recurrent.shape[1]
        # What the backward pass needs is kept for all words; without one, for one place only.
        kept = len(packed.words) if train else n
        buffer = _buffers.take(6 * kept * d, table.dtype)
        gates, cells, previous = _parts(buffer, kept, d)
        h, total = table.new_empty(n, d), table.new_zeros(n, d)
        for t, (start, stop) in enumerate(places):
            here = slice(start, stop) if train else slice(0, stop - start)
            active = stop - start
            gate, cell = gates[here], cells[here]
            torch.index_select(table, 0, packed.words[start:stop], out=gate)
            if t:
                if train:
                    previous[here] = h[:active]
                gate += times(h[:active], recurrent)
            gate[:, : 3 * d].sigmoid_()
            i, f, o, g = gate.chunk(4, dim=1)
            _tanh(g, out=g)
            if t:
                # Without a backward pass, c is where the cell before was.
                torch.mul(f, cells[places[t - 1][0] :][:active] if train else cell, out=cell)
                cell.addcmul_(i, g)
            else:
                torch.mul(i, g, out=cell)
            h = h[:active]
            torch.mul(o, _tanh(cell, out=h), out=h)
            total[: packed.active[t]] += h[: packed.active[t]]
        if train:
            ctx.save_for_backward(recurrent, buffer)
            ctx.packed, ctx.vocabulary = packed, len(table)
        else:
            _buffers.give(buffer)
        return total.div_(packed.lengths.to(total.dtype))

    @staticmethod
    def backward(ctx: Any, *d_means: Tensor) -> tuple[Tensor, Tensor, None, None]:
        recurrent, buffer = ctx.saved_tensors
        packed: _Packed = ctx.packed
        places = list(pairwise(packed.starts))
        n, d = places[0][1], recurrent.shape[1]
        gates, cells, previous = _parts(buffer, len(packed.words), d)
        into_h = recurrent.T.contiguous()
        share = d_means[0] / packed.lengths.to(gates.dtype)
        d_h, d_c = gates.new_zeros(n, d), gates.new_zeros(n, d)
        scratch = gates.new_empty(2, n, d)
        for t in range(len(places) - 1, -1, -1):
            start, stop = places[t]
            active = stop - start
            i, f, o, g = gates[start:stop].chunk(4, dim=1)
            d_now, d_cell = d_h[:active], d_c[:active]
            d_now[: packed.active[t]] += share[: packed.active[t]]
            tanh_c, product = scratch[0, :active], scratch[1, :active]
            _tanh(cells[start:stop], out=tanh_c)
            # h = o tanh(c)
            d_cell += _aten.tanh_backward(torch.mul(d_now, o, out=product), tanh_c)
            _aten.sigmoid_backward(torch.mul(d_now, tanh_c, out=product), o, grad_input=o)
            # c = f c' + i g. Gates give way to their gradients.
            torch.mul(d_cell, g, out=product)
            _aten.tanh_backward(torch.mul(d_cell, i, out=tanh_c), g, grad_input=g)
            _aten.sigmoid_backward(product, i, grad_input=i)
            if not t:
                f.zero_()
                break
            torch.mul(d_cell, cells[places[t - 1][0] :][:active], out=product)
            d_cell *= f
            _aten.sigmoid_backward(product, f, grad_input=f)
            d_now.copy_(times(gates[start:stop], into_h))
        d_table = gates.new_zeros(ctx.vocabulary, 4 * d)
        d_table.scatter_add_(0, packed.words[:, None].expand(-1, 4 * d), gates)
        # Before the first word h is zero, so first words have no part in this.
        d_recurrent = times(previous[n:].T, gates[n:].T).T
        _buffers.give(buffer)
        return d_table, d_recurrent, None, None


def _tanh(inputs: Tensor, *, out: Tensor) -> Tensor:
    """Numpy's, which is ten times as fast as torch's."""
    np.tanh(inputs.numpy(), out=out.numpy())
    return out
