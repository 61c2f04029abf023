"""Refuses settings of an instance that are not among those its fields allow."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from benchmark.errors import BenchError
from benchmark.recommender import Recommender

Count = Annotated[int, Field(ge=1)]
CountOrNone = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
PositiveShare = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


def check_settings(method: Recommender) -> None:
    """Compare every field of ``method`` with its type.

    Raises:
        BenchError: naming the method, the field and its value, and what is allowed.
    """
    for name, adapter in _adapters(type(method)).items():
        value = getattr(method, name)
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError as error:
            problem = error.errors()[0]["msg"].lower()
            raise BenchError(f"{method.name}: {name} = {value!r}: {problem}") from error


@functools.cache
def _adapters(method: type[Recommender]) -> Mapping[str, TypeAdapter[Any]]:
    hints: dict[str, Any] = get_type_hints(method, include_extras=True)
    return {field.name: TypeAdapter(hints[field.name]) for field in fields(method)}
