"""Which values a method's fields may have: what their types say and, where those say little, more.

A field of type ``int`` or ``float`` may have no value that its default shows to be out of place:
none below 0 unless the default is, and no count of 0 unless the default is 0. A field for which
that is wrong says itself what is right, as ``Annotated[int, Field(ge=0)]``.
"""

from __future__ import annotations

import functools
import json
from dataclasses import fields
from types import GenericAlias
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from benchmark.recommender import Recommender


def problem(method: type[Recommender], key: str, value: Any) -> str:
    """Why a value from a suite file is none that the field ``key`` can have, or nothing."""
    try:
        allowed = _adapters(method)[key]
    except NameError:  # The class of an outside method may name what only type checkers import.
        return ""
    try:
        # As JSON, a list may stand for a tuple, and still no text for a number.
        allowed.validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        return error.errors()[0]["msg"].lower()
    return ""


@functools.cache
def _adapters(method: type[Recommender]) -> dict[str, TypeAdapter[Any]]:
    hints: dict[str, Any] = get_type_hints(method, include_extras=True)
    return {
        field.name: TypeAdapter(_bounded(hints[field.name], field.default))
        for field in fields(method)
    }


def _bounded(allowed: Any, default: Any) -> Any:
    """The type with the bounds that a default of it shows, where it has none of its own."""
    if allowed in (tuple[int, ...], tuple[float, ...]) and isinstance(default, tuple) and default:
        return GenericAlias(tuple, (_bounded(get_args(allowed)[0], min(default)), ...))
    if allowed is int and isinstance(default, int) and default >= 0:
        return Annotated[int, Field(ge=min(default, 1))]
    if allowed is float and isinstance(default, int | float):
        return Annotated[float, Field(ge=0 if default >= 0 else None, allow_inf_nan=False)]
    return allowed
