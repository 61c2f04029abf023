"""The map X between two domains' user embeddings, learnt from the users they share.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.2, Eqs. (3) and (4). Embeddings are rows here: X W_u is ``w @ x.T``.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

MapKind = Literal["gs", "procrustes", "soft", "free", "random", "identity"]
"""How X is kept orthogonal: Gram-Schmidt after each step (§5.4), the closed form, a penalty only,
not at all; or X is not learnt: a random orthogonal matrix, no map.

Gram-Schmidt also turns X by the part of a gradient that is orthogonal to all rotations. So ``gs``
comes to rest beside the minimum of Eq. (3), unless some X maps all shared users exactly."""


class LatentMap:
    """X (d, d) in double precision, such that X W_uA ~ W_uB and X^T W_uB ~ W_uA.

    Without shared users X stays where it starts.
    """

    def __init__(
        self,
        kind: MapKind,
        dimension: int,
        *,
        lr: float,
        penalty: float,
        generator: torch.Generator,
    ) -> None:
        self.kind = kind
        self.lr = lr
        self.penalty = penalty
        self.generator = generator
        self.matrix = torch.eye(dimension, dtype=torch.float64)
        if kind == "random":
            self.matrix = gram_schmidt(self.matrix.clone().normal_(generator=generator))

    @property
    def deviation(self) -> float:
        """The Frobenius norm of X X^T - I."""
        return float(torch.linalg.norm(_excess(self.matrix)))

    def to_target(self, source: Tensor) -> Tensor:
        """X W_u of source users' embeddings (n, d)."""
        return source @ self.matrix.T.to(source.dtype)

    def to_source(self, target: Tensor) -> Tensor:
        """X^T W_u of target users' embeddings (n, d)."""
        return target @ self.matrix.to(target.dtype)

    def loss(self, source: Tensor, target: Tensor) -> float:
        """Eq. (3) over shared users' embeddings (n, d), as a mean; 0 if there are none."""
        return float((self.to_target(source) - target).square().sum()) / max(len(source), 1)

    def start(self, source: Tensor, target: Tensor) -> None:
        """Choose between rotation and reflection by all shared users' embeddings (n, d)."""
        # Silent: where X starts; at the identity, or at the identity with its last axis turned
        # round. Orthogonalised steps keep the determinant's sign, so that from the wrong side X
        # could not come near the minimum of Eq. (3). Where fewer directions than d are shared the
        # determinant is 0 but for rounding, whose sign then turns an axis that no user tells.
        if self.kind == "gs" and torch.linalg.det(target.double().T @ source.double()) < 0:
            self.matrix[-1] *= -1

    def learn(self, source: Tensor, target: Tensor, *, batch_size: int) -> None:
        """One pass over shared users' embeddings (n, d): Algorithm 1, lines 7 to 11."""
        source, target = source.double(), target.double()
        if self.kind == "procrustes" and len(source):
            self.matrix = procrustes(source, target)
        elif self.kind in ("gs", "soft", "free"):
            order = torch.randperm(len(source), generator=self.generator)
            for batch in torch.split(order, batch_size) if len(order) else ():
                self.update(source[batch], target[batch])

    def update(self, source: Tensor, target: Tensor) -> None:
        """One gradient step on shared users' embeddings (b, d), and orthogonalisation."""
        x = self.matrix
        forth = source @ x.T - target  # Eq. (3)
        back = target @ x - source  # Eq. (4)
        gradient = 2 / len(source) * (forth.T @ source + target.T @ back)
        if self.kind == "soft":
            # Of sum |X X^T - I|, as the released code has it.
            gradient += self.penalty * 2 * torch.sign(_excess(x)) @ x
        self.matrix = x - self.lr * gradient
        if self.kind == "gs":
            self.matrix = gram_schmidt(self.matrix)


def gram_schmidt(matrix: Tensor) -> Tensor:
    """The columns of a matrix (d, d), orthonormalised in their order."""
    # Householder's QR is Gram-Schmidt without its loss of orthogonality, up to column signs.
    q, r = torch.linalg.qr(matrix)
    signs = torch.where(r.diagonal() < 0, -1.0, 1.0)
    return torch.mul(q, signs)


def procrustes(source: Tensor, target: Tensor) -> Tensor:
    """The orthogonal X (d, d) that minimises Eq. (3) over rows (n, d) (Schönemann, 1966)."""
    left, _, right = torch.linalg.svd(target.T @ source)
    return torch.mm(left, right)


def _excess(matrix: Tensor) -> Tensor:
    return matrix @ matrix.T - torch.eye(len(matrix), dtype=matrix.dtype)
