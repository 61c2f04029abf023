"""The compared methods, one a file; ``METHODS`` lists them in the order of the tables' rows."""

from __future__ import annotations

from baselines.always_max import AlwaysMax
from baselines.bias import Bias
from baselines.cccfnet import CCCFNet
from baselines.cdfm import CDFM
from baselines.cmf import CMF
from baselines.cml import CML
from baselines.conet import CoNet
from baselines.deepconn import DeepCoNN
from baselines.emcdr import EMCDR
from baselines.hft import HFT
from baselines.knn import KNN
from baselines.ncf import NCF
from baselines.ncf_joint import NCFJoint
from baselines.nmf import NMF
from baselines.normal import Normal
from baselines.svdpp import SVDpp
from baselines.target_mean import TargetMean
from baselines.tfidf_ridge import TfidfRidge, TfidfRidgeSource
from benchmark.recommender import Recommender

TRIVIAL: tuple[type[Recommender], ...] = (TargetMean, AlwaysMax, Bias)
"""Rows that stand in every table: what needs no method to reach."""

METHODS: tuple[type[Recommender], ...] = (
    *TRIVIAL,
    # RecSys-DAN, Table II.
    Normal,
    KNN,
    NMF,
    SVDpp,
    HFT,
    DeepCoNN,
    # DML, Table 3.
    CML,
    CCCFNet,
    CDFM,
    CMF,
    CoNet,
    NCF,
    NCFJoint,
    # In neither paper.
    TfidfRidge,
    TfidfRidgeSource,
    EMCDR,
)
