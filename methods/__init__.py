"""The papers' own systems, in table-row order, and the studies of their theory."""

from __future__ import annotations

from benchmark.recommender import Recommender
from benchmark.study import Study
from methods.ddtcdr.ddtcdr import DDTCDR
from methods.dml.dml import DML
from methods.dml.released import DMLAsReleased
from methods.dml.studies import STUDIES as DML_STUDIES
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
    DDTCDR,
    DML,
    DMLAsReleased,
)
"""RecSys-DAN: its source-only rows and the instances that adapt, as in Tables II and III; DML."""

STUDIES: tuple[type[Study], ...] = DML_STUDIES
"""DML's theory and scaling."""
