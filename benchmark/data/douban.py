"""Douban ratings as in the repository of GA-DTCDR: user, item and rating, separated by tabs.

Zhu, Wang, Chen, Liu, Zheng: A Graphical and Attentional Framework for Dual-Target Cross-Domain
Recommendation, IJCAI 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.data.entries import Part
from benchmark.data.parsed import Parsed
from benchmark.data.text_files import read_ratings


def read(files: Mapping[Part, Path], scale: tuple[float, float]) -> Parsed:
    """A category from its ``ratings`` file; there are neither times nor texts.

    Raises:
        DataError: a file that is not in the published format.
    """
    rows = read_ratings(files["ratings"], ("user", "item", "rating"), scale, delimiter="\t")
    return Parsed(rows, None, None, {"ratings": len(rows)})
