"""What a network became in hardware: formats, widths, memory, processing elements, rounding."""

from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.make import make_report
from hlsq.report.report import Report
from hlsq.report.searches import tradeoff

__all__ = ["DesignFacts", "MacFacts", "Report", "make_report", "tradeoff"]
