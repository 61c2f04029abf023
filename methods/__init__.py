"""The papers' own systems, in table-row order."""

from __future__ import annotations

from benchmark.recommender import Recommender
from methods.dml.dml import DML
from methods.recsys_dan.fine_tuned import (
    HDAN,
    IDAN,
    UDAN,
    MultimodalHDAN,
    MultimodalIDAN,
    MultimodalUDAN,
)
from methods.recsys_dan.source_only import MultimodalSourceOnly, SourceOnly
from methods.recsys_dan.ui_dan import UIDAN, MultimodalUIDAN

METHODS: tuple[type[Recommender], ...] = (
    SourceOnly,
    MultimodalSourceOnly,
    UIDAN,
    UDAN,
    IDAN,
    HDAN,
    MultimodalUIDAN,
    MultimodalUDAN,
    MultimodalIDAN,
    MultimodalHDAN,
    DML,
)
"""RecSys-DAN: its source-only rows and the instances that adapt, as in Tables II and III; DML."""
