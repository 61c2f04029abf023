"""DML (Li and Tuzhilin): dual metric learning for cross-domain recommendation."""

from methods.dml.dml import DML
from methods.dml.released import DMLAsReleased

__all__ = ["DML", "DMLAsReleased"]
