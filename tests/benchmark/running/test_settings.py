"""A value that a method's field cannot have is refused; what its type or default allows is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from benchmark.errors import BenchError
from benchmark.recommender import Recommender
from benchmark.registry import METHODS
from benchmark.running.settings import problem
from benchmark.running.suite import Suite
from benchmark.running.variants import variants_of
from benchmark.space import Choice


@dataclass
class Varied(Recommender):
    """A method with a field of every kind, which is never fitted."""

    name: ClassVar[str] = "varied"
    title: ClassVar[str] = "Varied"

    factors: int = 8
    folds: int = 0
    shift: float = -0.5
    offset: int = -3
    rate: float = 0.1
    burn_in: Annotated[int, Field(ge=0)] = 20
    sizes: tuple[int, ...] = (8, 4)
    limits: tuple[float, float] = (0.0, 1.0)
    fast: bool = True

    def __post_init__(self) -> None:
        if self.folds and not self.fast:
            raise ValueError("folds cannot be slow")

    fit = predict = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("factors", 0, "greater than or equal to 1"),
        ("factors", 4, ""),
        ("folds", -1, "greater than or equal to 0"),
        ("folds", 0, ""),
        ("rate", -0.1, "greater than or equal to 0"),
        ("rate", float("nan"), "finite"),
        ("rate", float("inf"), "finite"),
        ("rate", 0, ""),
        ("shift", float("nan"), "finite"),
        ("shift", -2.0, ""),
        ("offset", -9, ""),
        ("burn_in", 0, ""),
        ("burn_in", -1, "greater than or equal to 0"),
        ("sizes", [8, 0], "greater than or equal to 1"),
        ("sizes", [2], ""),
        ("limits", [-1.0, 1.0], ""),
        ("fast", 1, "valid boolean"),
    ],
)
def test_a_number_that_its_default_shows_to_be_impossible_is_refused(
    key: str, value: Any, said: str
) -> None:
    found = problem(Varied, key, value)
    assert said in found
    assert bool(said) == bool(found)


def usual_settings(method: type[Recommender]) -> Iterator[tuple[str, Any]]:
    """Defaults, what the contract tests set, and both ends of every range that is searched."""
    made = method()
    yield from ((field.name, getattr(made, field.name)) for field in fields(method))
    yield from method.smoke.items()
    for name, values in method.space.items():
        for value in values.values if isinstance(values, Choice) else (values.low, values.high):
            yield name, value


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_nothing_is_refused_that_a_method_itself_sets(method: type[Recommender]) -> None:
    for key, value in usual_settings(method):
        assert not problem(method, key, value), (key, value)


def suite(**settings: Any) -> Suite:
    task = {"name": "t", "source": "synthetic/source", "target": "synthetic/target"}
    return Suite.model_validate(
        {"name": "mine", "title": "T", "seeds": [1], "tasks": [task], "settings": settings}
    )


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("cmf", "factors", 0),
        ("hft", "rounds", -1),
        ("ncf", "epochs", -1),
        ("nmf", "reg", -0.1),
        ("tfidf-ridge", "penalties", [1.0, -1.0]),
    ],
)
def test_the_refusal_names_method_setting_value_place_and_what_is_allowed(
    name: str, key: str, value: Any
) -> None:
    with pytest.raises(BenchError) as refused:
        variants_of(suite(**{name: {key: value}}), METHODS, METHODS)
    assert str(refused.value).startswith(f"settings.{name}.{key} = {value!r} in suite 'mine': ")
    assert "greater than or equal to" in str(refused.value)


def test_settings_that_do_not_go_together_are_refused_where_they_stand() -> None:
    with pytest.raises(BenchError, match="the settings of 'varied' in suite 'mine': folds cannot"):
        variants_of(suite(varied={"folds": 2, "fast": False}), [Varied], [Varied])
    with pytest.raises(BenchError, match="the settings of 'dml' in suite 'mine': dml: folds = 2"):
        variants_of(suite(dml={"folds": 2, "embedding": "id"}), METHODS, METHODS)
