"""DDTCDR (Li and Tuzhilin): deep dual transfer, the predecessor of DML."""

from methods.ddtcdr.ddtcdr import DDTCDR

__all__ = ["DDTCDR"]
