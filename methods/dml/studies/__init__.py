"""DML's theory and scaling as experiments, in the order of the paper."""

from __future__ import annotations

from benchmark.study import Study
from methods.dml.studies.composed_maps import ComposedMaps
from methods.dml.studies.dual_factorisation import DualFactorisation
from methods.dml.studies.overlap_needed import OverlapNeeded
from methods.dml.studies.perturbation import Perturbation
from methods.dml.studies.scaling import Scaling
from methods.dml.studies.three_domains import ThreeDomains

STUDIES: tuple[type[Study], ...] = (
    OverlapNeeded,
    DualFactorisation,
    Perturbation,
    ComposedMaps,
    ThreeDomains,
    Scaling,
)
