"""What a network became in hardware: formats, widths, memory, processing elements, rounding."""

from hlsq.report.curve import tradeoff
from hlsq.report.make import make_report
from hlsq.report.model import Report

__all__ = ["Report", "make_report", "tradeoff"]
