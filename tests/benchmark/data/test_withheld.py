"""What a protocol withholds is as if the data had none of it."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.always_max import AlwaysMax
from baselines.bias import Bias
from baselines.cmf import CMF
from benchmark.data.splits import Split
from benchmark.data.task import Task
from benchmark.data.views import Withheld, missing_signals, training_data
from benchmark.recommender import Recommender
from methods.dml import DML
from methods.recsys_dan.ui_dan import UIDAN


@pytest.mark.parametrize(
    ("method", "withheld", "reason"),
    [
        (Bias, "target ratings", "needs ratings of the target, which are withheld"),
        (CMF, "source ratings", "needs ratings of the source, which are withheld"),
        (UIDAN, "target reviews", "needs reviews of the target, which are withheld"),
        (UIDAN, "target ratings", None),
        (AlwaysMax, "target ratings", None),
        (Bias, "source ratings", None),
        (DML, "target reviews", None),
        (CMF, "shared users", None),
    ],
)
def test_what_must_be_read_is_named_when_it_is_withheld(
    method: type[Recommender], withheld: Withheld, reason: str | None, task: Task
) -> None:
    assert missing_signals(method, task, [withheld]) == reason
    assert missing_signals(method, task) is None


def test_what_is_optional_is_absent_when_it_is_withheld(task: Task, split: Split) -> None:
    withheld: list[Withheld] = ["target reviews", "source features"]
    data = training_data(DML, task, split, text="summary", withheld=withheld)
    assert data.target.reviews is None
    assert data.source.user_features is None
    assert data.source.item_features is None
    assert data.source.reviews is not None
    assert data.target.user_features is not None
    assert np.isfinite(data.target.ratings).all()


def test_nobody_is_shared_when_shared_users_are_withheld(task: Task, split: Split) -> None:
    data = training_data(CMF, task, split, text="summary", withheld=["shared users"])
    assert data.shared_users.shape == (0, 2)
    assert len(training_data(CMF, task, split, text="summary").shared_users)


def test_the_text_of_the_target_is_left_when_its_ratings_are_withheld(
    task: Task, split: Split
) -> None:
    data = training_data(UIDAN, task, split, text="summary", withheld=["target ratings"])
    assert len(data.target.users) == len(data.target.reviews)
