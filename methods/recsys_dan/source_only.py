"""The source-only rows of Tables II and III: no adaptation, M^t = M^s.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from methods.recsys_dan.dan import RecSysDAN, Setting
from methods.recsys_dan.modalities import Multimodal, Unimodal
from methods.recsys_dan.networks import Generators


@dataclass
class Unadapted(RecSysDAN):
    """The source's model, applied to what represents the target's users and items."""

    def _target_generators(self, setting: Setting) -> Generators:
        return setting.model.generators


@dataclass
class SourceOnly(Unimodal, Unadapted):
    """Of the target nothing but the documents at inference."""

    name: ClassVar[str] = "source-only"
    title: ClassVar[str] = "Source only (s, u)"


@dataclass
class MultimodalSourceOnly(Multimodal, Unadapted):
    """Of the target nothing but documents and images at inference."""

    name: ClassVar[str] = "source-only-m"
    title: ClassVar[str] = "Source only (s, m)"
