"""Training data written out by hand: ratings as (user, item, rating)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from benchmark.data.views import DomainView, TrainingData

Rows = Sequence[tuple[int, int, float]]
Training = Callable[..., TrainingData]

ANYTHING: Rows = [(0, 0, 3.0), (1, 1, 4.0)]


def _view(rows: Rows, scale: tuple[float, float], unseen: int) -> DomainView:
    users, items, ratings = (np.array(column) for column in zip(*rows, strict=True))
    nothing: dict[str, Any] = dict.fromkeys(
        ["times", "reviews", "item_images", "has_image", "user_features", "item_features"]
    )
    return DomainView(
        n_users=int(users.max()) + 1 + unseen,
        n_items=int(items.max()) + 1 + unseen,
        scale=scale,
        users=users,
        items=items,
        ratings=ratings.astype(np.float64),
        **nothing,
    )


@pytest.fixture
def training() -> Training:
    """Makes training data of target and source rows; ``unseen`` users and items have none."""

    def make(
        target: Rows,
        source: Rows = ANYTHING,
        *,
        shared_users: Sequence[tuple[int, int]] = (),
        scale: tuple[float, float] = (1.0, 5.0),
        unseen: int = 0,
    ) -> TrainingData:
        return TrainingData(
            source=_view(source, scale, unseen),
            target=_view(target, scale, unseen),
            shared_users=np.array(shared_users, dtype=np.int64).reshape(-1, 2),
            shared_items=np.empty((0, 2), dtype=np.int64),
        )

    return make
