"""RecSys-DAN: fine-tuning on what the domains share, Algorithm 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dan_cases import both, named_rows, planted, same, training_of

from benchmark.data.task import Task
from benchmark.errors import NotApplicableError
from methods.recsys_dan.dan import Setting
from methods.recsys_dan.fine_tuned import (
    HDAN,
    IDAN,
    UDAN,
    FineTuned,
    MultimodalHDAN,
    MultimodalIDAN,
    MultimodalUDAN,
)
from methods.recsys_dan.networks import Generators
from methods.recsys_dan.shared import Triples, triples

INSTANCES: list[type[Any]] = [UDAN, IDAN, HDAN, MultimodalUDAN, MultimodalIDAN, MultimodalHDAN]
every_instance = pytest.mark.parametrize("method", INSTANCES, ids=[m.name for m in INSTANCES])

LEVELS = {"u": "u", "i": "v", "h": "uv"}
"""What U-, I- and H-DAN fine-tune."""

# Users 0 and 1 of the source are users 2 and 0 of the target; the target's user 1 is a stranger.
SOURCE, TARGET = np.array([0, 0, 0, 1, 2]), np.array([2, 0, 0, 2, 1, 0])
SHARED = np.array([[0, 2], [1, 0], [2, 3]])


def drawn(*, aligned: bool, seed: int = 0) -> Triples:
    rng = np.random.default_rng(seed)
    return triples(SOURCE, TARGET, SHARED, aligned=aligned, rng=rng)


def owners(found: Triples) -> list[tuple[int, int]]:
    pairs = zip(SOURCE[found.source].tolist(), TARGET[found.target].tolist(), strict=True)
    return sorted(pairs)


def test_triples_join_the_reviews_of_one_user_in_both_domains() -> None:
    for seed in range(5):
        found = drawn(aligned=True, seed=seed)
        # Three reviews there and two here make two; one and three make one; none make none.
        assert owners(found) == [(0, 2), (0, 2), (1, 0)]
        assert len({*found.source}) == len({*found.target}) == 3


def test_which_reviews_are_left_out_is_drawn() -> None:
    chosen = {tuple(sorted(drawn(aligned=True, seed=seed).source)) for seed in range(20)}
    assert len(chosen) > 1


def test_unaligned_triples_leave_nothing_out() -> None:
    found = drawn(aligned=False)
    assert owners(found) == [(0, 2)] * 3 + [(1, 0)] * 3
    assert {*found.source} == {0, 1, 2, 3}
    assert {*found.target} == {0, 1, 2, 3, 5}


@pytest.fixture(scope="module")
def task() -> Task:
    return planted()


@every_instance
def test_only_the_generators_of_an_instance_are_fine_tuned(
    method: type[FineTuned], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gf, G^s_y, M^s and the other of Gu and Gv stay as Algorithm 1 has left them."""
    seen: list[tuple[Setting, Generators]] = []
    original = FineTuned._target_generators

    def watched(self: FineTuned, setting: Setting) -> Generators:
        seen.append((setting, original(self, setting)))
        return seen[-1][1]

    monkeypatch.setattr(FineTuned, "_target_generators", watched)
    data = training_of(task, method)
    for epochs in (0, 2):
        settings = {**method.smoke, "fine_tuning_epochs": epochs, "fine_tuning_factor": 1.0}
        method(**settings).fit(data, seed=3)
    (setting, before), (later, after) = seen
    assert same(before.interaction, after.interaction)
    assert same(setting.model, later.model)
    assert same(before.user, after.user) == ("u" not in setting.shared)
    assert same(before.item, after.item) == ("v" not in setting.shared)
    assert {*setting.shared} == {*LEVELS[method.name[0]]}


@every_instance
def test_curves_of_fine_tuning_carry_the_names_of_figure_4(
    method: type[FineTuned], task: Task
) -> None:
    settings = {**method.smoke, "epochs": 2, "fine_tuning_epochs": 3}
    model = method(**settings).fit(training_of(task, method), seed=3)
    assert len(model.history_["Df accuracy"]) == model.facts_["adversarial epochs"] == 2
    for level in LEVELS[method.name[0]]:
        for curve in (f"D{level} accuracy", f"D{level} loss", f"G{level} loss"):
            assert len(model.history_[curve]) == 3


def test_hybrid_adaptation_is_the_other_two_together(task: Task) -> None:
    fitted = {
        method: method(**{**method.smoke, "fine_tuning_factor": 1.0}).fit(
            training_of(task, method), seed=3
        )
        for method in (UDAN, IDAN, HDAN)
    }
    for level, alone in (("Gu loss", UDAN), ("Gv loss", IDAN)):
        assert fitted[HDAN].history_[level] == fitted[alone].history_[level]


@pytest.mark.parametrize(
    ("method", "shares", "reason"),
    [
        (UDAN, {"users": [(0, 0)]}, "u-dan needs items with training rows in both domains"),
        (IDAN, {"items": [(0, 0)]}, "i-dan needs users with training rows in both domains"),
        (HDAN, {"items": [(0, 0)]}, "h-dan needs users with training rows in both domains"),
        (HDAN, {"users": [(0, 0)]}, "h-dan needs items with training rows in both domains"),
    ],
)
def test_without_what_it_needs_shared_an_instance_says_so(
    method: type[FineTuned],
    shares: dict[str, Any],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is to be trained before the reason is told")

    monkeypatch.setattr("methods.recsys_dan.dan.pretrain", fail)
    with pytest.raises(NotApplicableError, match=reason):
        method(**method.smoke).fit(both(named_rows(), **shares), seed=1)


def test_shared_users_without_reviews_are_not_shared() -> None:
    silent = named_rows(unwritten=(0, 5, 10, 15))
    data = both(named_rows(), silent, users=[(0, 0)])
    with pytest.raises(NotApplicableError, match="i-dan needs users"):
        IDAN(**IDAN.smoke).fit(data, seed=1)


def test_the_rate_of_fine_tuning_is_a_thousandth(task: Task) -> None:
    assert UDAN().fine_tuning_factor == 0.001
    data = training_of(task, UDAN)
    moved = []
    for factor in (0.001, 1.0):
        settings = {**UDAN.smoke, "fine_tuning_factor": factor}
        fitted = [
            UDAN(**{**settings, "fine_tuning_epochs": epochs}).fit(data, seed=3)
            for epochs in (0, 1)
        ]
        users = [model.scorers_["target"].users for model in fitted]
        moved.append(float(np.abs(users[1] - users[0]).max()))
    assert 0 < moved[0] < 0.01 * moved[1]
