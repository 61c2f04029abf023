"""The fast text generator against torch's own LSTM with a masked mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.data.text import PAD, Documents
from methods.recsys_dan.lstm import TextEncoder

WORDS, EMBEDDING, WIDTH = 40, 12, 16


def documents_of(lengths: list[int], *, seed: int = 0, width: int | None = None) -> Documents:
    rng = np.random.default_rng(seed)
    columns = np.arange(width or max(lengths))
    tokens = rng.integers(1, WORDS, (len(lengths), len(columns)))
    padded = np.where(columns < np.array(lengths)[:, None], tokens, PAD)
    return Documents(padded.astype(np.int32), np.array(lengths))


def encoder_of(
    dtype: torch.dtype, *, embedding: int = EMBEDDING, width: int = WIDTH
) -> TextEncoder:
    torch.manual_seed(1)
    encoder = TextEncoder(WORDS, embedding=embedding, width=width).to(dtype)
    with torch.no_grad():
        # Far from the initial state: words that matter and a bias.
        encoder.embedding.normal_()
        encoder.bias.normal_()
    return encoder


def torch_order(gates: Tensor) -> Tensor:
    """Rows in torch's order of gates (i, f, g, o) from ours (i, f, o, g)."""
    i, f, o, g = gates.chunk(4)
    return torch.cat([i, f, g, o])


def reference(encoder: TextEncoder, documents: Documents) -> tuple[Tensor, dict[str, Tensor]]:
    """Codes by ``nn.LSTM`` on padded input, and the leaves their gradients arrive at."""
    leaves = {name: p.detach().clone().requires_grad_() for name, p in encoder.named_parameters()}
    lstm = nn.LSTM(
        leaves["embedding"].shape[1], encoder.recurrent_weights.shape[1], batch_first=True
    ).to(leaves["bias"].dtype)
    weights = {
        "weight_ih_l0": torch_order(leaves["input_weights"]),
        "weight_hh_l0": torch_order(leaves["recurrent_weights"]),
        "bias_ih_l0": torch_order(leaves["bias"]),
        "bias_hh_l0": torch.zeros_like(leaves["bias"]),
    }
    tokens = torch.from_numpy(documents.tokens.astype(np.int64))
    states, _ = torch.func.functional_call(lstm, weights, (leaves["embedding"][tokens],))
    mask = (tokens != PAD).to(states.dtype)[:, :, None]
    return (states * mask).sum(dim=1) / mask.sum(dim=1), leaves


@pytest.mark.parametrize(
    "lengths",
    [[1], [7, 7, 7], [3, 9, 1, 5, 9, 1], [1, 1], [30, 2]],
    ids=["one-word", "equal", "mixed", "single-words", "one-long"],
)
@pytest.mark.parametrize(
    ("dtype", "values", "gradients"), [(torch.float32, 1e-6, 1e-5), (torch.float64, 1e-14, 1e-12)]
)
def test_codes_and_gradients_are_those_of_torchs_lstm(
    lengths: list[int], dtype: torch.dtype, values: float, gradients: float
) -> None:
    encoder, documents = encoder_of(dtype), documents_of(lengths)
    codes = encoder(documents)
    expected, leaves = reference(encoder, documents)
    assert (codes - expected).abs().max() <= values
    pull = torch.randn(codes.shape, dtype=dtype)
    codes.backward(pull)
    expected.backward(pull)
    for name, weights in encoder.named_parameters():
        gradient, wanted = weights.grad, leaves[name].grad
        assert (gradient - wanted).norm() <= gradients * wanted.norm(), name


def test_the_papers_width_and_long_documents_keep_the_agreement() -> None:
    encoder = encoder_of(torch.float32, embedding=256, width=256)
    with torch.no_grad():
        encoder.embedding.mul_(0.1)
    documents = documents_of([100, 3, 60, 100, 17])
    codes = encoder(documents)
    expected, leaves = reference(encoder, documents)
    assert (codes - expected).abs().max() <= 1e-6
    codes.square().sum().backward()
    expected.square().sum().backward()
    for name, weights in encoder.named_parameters():
        gradient, wanted = weights.grad, leaves[name].grad
        assert (gradient - wanted).norm() <= 1e-5 * wanted.norm(), name


def test_one_word_by_hand() -> None:
    encoder = encoder_of(torch.float64)
    document = Documents(np.array([[4]], dtype=np.int32), np.array([1]))
    gates = encoder.input_weights @ encoder.embedding[4] + encoder.bias
    i, _, o, g = gates.chunk(4)
    by_hand = o.sigmoid() * torch.tanh(i.sigmoid() * g.tanh())
    torch.testing.assert_close(encoder(document)[0], by_hand)


def test_a_code_does_not_depend_on_padding_or_on_gradients_being_recorded() -> None:
    encoder, lengths = encoder_of(torch.float32), [4, 9, 2]
    documents = documents_of(lengths)
    wider = Documents(np.pad(documents.tokens, ((0, 0), (0, 6))), documents.lengths)
    codes = encoder(documents)
    assert torch.equal(encoder(wider), codes)
    with torch.no_grad():
        assert torch.equal(encoder(documents), codes)


def test_codes_come_in_the_order_of_the_documents() -> None:
    encoder, documents = encoder_of(torch.float64), documents_of([4, 9, 2, 9])
    codes = encoder(documents)
    for row in range(4):
        alone = encoder(documents[np.array([row])])
        torch.testing.assert_close(alone[0], codes[row])


def test_a_second_backward_pass_is_refused_rather_than_wrong() -> None:
    codes = encoder_of(torch.float32)(documents_of([3, 2])).sum()
    codes.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        codes.backward()


def test_each_gates_weights_start_orthogonal() -> None:
    encoder = TextEncoder(WORDS, embedding=EMBEDDING, width=WIDTH)
    for weights, product in (
        (encoder.recurrent_weights, lambda w: w @ w.T),
        (encoder.input_weights, lambda w: w.T @ w),
    ):
        for gate in weights.detach().chunk(4):
            unit = product(gate)
            torch.testing.assert_close(unit, torch.eye(len(unit)), atol=1e-5, rtol=0)
