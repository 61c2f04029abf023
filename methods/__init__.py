"""The papers' own systems, in table-row order."""

from __future__ import annotations

from benchmark.recommender import Recommender
from methods.dml.dml import DML
from methods.recsys_dan.source_only import SourceOnly
from methods.recsys_dan.ui_dan import UIDAN

METHODS: tuple[type[Recommender], ...] = (SourceOnly, UIDAN, DML)
