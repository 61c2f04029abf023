"""RecSys-DAN and its source-only rows."""

from methods.recsys_dan.source_only import SourceOnly
from methods.recsys_dan.ui_dan import UIDAN

__all__ = ["UIDAN", "SourceOnly"]
