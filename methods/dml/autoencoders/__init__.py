"""The autoencoders that Table 11 compares, and that of the released code."""

from __future__ import annotations

from collections.abc import Callable

from methods.dml.autoencoders.adversarial import AdversarialAutoEncoder
from methods.dml.autoencoders.coder import Coder
from methods.dml.autoencoders.hyperspherical import HypersphericalAutoEncoder
from methods.dml.autoencoders.linear import LinearAutoEncoder
from methods.dml.autoencoders.plain import AutoEncoder
from methods.dml.autoencoders.variational import VariationalAutoEncoder
from methods.dml.autoencoders.wasserstein import WassersteinAutoEncoder

AUTOENCODERS: dict[str, Callable[[int, int], Coder]] = {
    "ae": AutoEncoder,
    "vae": VariationalAutoEncoder,
    "aae": AdversarialAutoEncoder,
    "wae": WassersteinAutoEncoder,
    "linear": LinearAutoEncoder,
    "hvae": HypersphericalAutoEncoder,
}
"""By the names of DML's ``embedding``; each is made of the width of features and of codes."""
