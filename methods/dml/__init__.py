"""DML (Li and Tuzhilin): dual metric learning for cross-domain recommendation."""

from methods.dml.dml import DML

__all__ = ["DML"]
