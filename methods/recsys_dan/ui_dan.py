"""UI-DAN: adversarial adaptation where the domains share neither users nor items.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from methods.recsys_dan.adversarial import Adversarial
from methods.recsys_dan.dan import Setting
from methods.recsys_dan.modalities import Multimodal, Unimodal
from methods.recsys_dan.networks import Generators

SMOKE: Mapping[str, Any] = {"discriminator_width": 8, "epochs": 1}


@dataclass
class Interactions(Adversarial):
    """Interactions are all that is adapted."""

    def _target_generators(self, setting: Setting) -> Generators:
        return self._adapted(setting)


@dataclass
class UIDAN(Unimodal, Interactions):
    """From reviews in both domains."""

    name: ClassVar[str] = "ui-dan"
    title: ClassVar[str] = "UI-DAN (a, u)"
    smoke: ClassVar[Mapping[str, Any]] = {**Unimodal.smoke, **SMOKE}


@dataclass
class MultimodalUIDAN(Multimodal, Interactions):
    """From users' reviews and items' images in both domains."""

    name: ClassVar[str] = "ui-dan-m"
    title: ClassVar[str] = "UI-DAN (a, m)"
    smoke: ClassVar[Mapping[str, Any]] = {**Multimodal.smoke, **SMOKE}
