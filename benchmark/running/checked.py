"""Files that this project has written, read back as what they must be or refused by the field."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")
AS_WRITTEN = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Of a dataclass that is kept as JSON: nothing is converted, nothing is left out of account."""


def from_json(schema: TypeAdapter[T], text: str, *, place: str = "") -> T:
    """What the JSON ``text`` holds, which is all of a file or its part ``place``.

    Raises:
        ValueError: it is not what ``schema`` says; names the first field that is wrong.
    """
    try:
        return schema.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise ValueError(said(".".join(map(str, (place, *first["loc"]))), first["msg"])) from error


def said(field: str, wrong: str) -> str:
    """What is wrong, after the field, if it is of one."""
    field = field.strip(".")
    return f"{field}: {wrong}" if field else wrong
