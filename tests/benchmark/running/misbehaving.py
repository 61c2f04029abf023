"""Methods that go wrong in every way a cell must survive."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from benchmark.errors import NotApplicableError
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class Misbehaving(Recommender):
    """Does what ``how`` says, then predicts 3 stars."""

    name: ClassVar[str] = "misbehaving"
    paper: ClassVar[str] = "none: a test of the harness"
    title: ClassVar[str] = "Misbehaving"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.NONE
    how: str = "well"

    def fit(self, data: Any, *, seed: int) -> Self:
        match self.how:
            case "raise":
                raise ValueError("no such luck")
            case "sleep":
                time.sleep(60)
            case "eat":
                eaten = []
                while True:
                    eaten.append(np.ones(10_000_000))
                    time.sleep(0.01)
            case "run out":
                raise MemoryError("needs 99 GB for a matrix of all users by all users")
            case "crash":
                os._exit(7)
            case "die":
                os.kill(os.getpid(), 9)
            case "refuse":
                raise NotApplicableError("no shared items")
            case "no such file":
                Path("/no/such/weights.bin").read_bytes()
            case "torch runs out":
                torch.empty(10**15)
            case "diverge at last":
                self.history_ = {"loss": [1.0, float("nan")]}
            case "tell nothing":
                self.facts_ = {"words": None}
            case "peek":
                len(data.target.ratings)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        if self.how == "nan":
            return np.full(len(pairs), np.nan)
        if self.how == "short":
            return np.zeros(1)
        if self.how == "single precision":
            return np.full(len(pairs), np.float32(3.1))
        return np.full(len(pairs), 3.0)
