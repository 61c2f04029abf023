"""Keys: what is computed is named by everything that it depends on."""

from __future__ import annotations

import hashlib
import json


def key_of(determinants: object) -> str:
    """A name for ``determinants``, equal for equal ones whatever order their keys are in."""
    text = json.dumps(determinants, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
