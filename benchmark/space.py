"""Hyperparameter ranges, declared by a method beside the defaults they vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One of the listed values; a space made of choices alone is a grid."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Real:
    """A real number between ``low`` and ``high``, drawn on a log scale when ``log``."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Integer:
    """A whole number between ``low`` and ``high``, both included."""

    low: int
    high: int
    log: bool = False


Space = Mapping[str, Choice | Real | Integer]
