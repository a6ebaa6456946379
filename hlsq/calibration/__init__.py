"""Ranges of every tensor's real values, measured on samples, and the choice of what range a format should cover."""

from hlsq.calibration.base import RangeMethod, choose_range, get_method
from hlsq.calibration.run import Calibration, calibrate
from hlsq.calibration.stats import StatsBuilder, TensorStats
from hlsq.calibration.targets import Target, affine_target, fixed_target

__all__ = [
    "Calibration",
    "RangeMethod",
    "StatsBuilder",
    "Target",
    "TensorStats",
    "affine_target",
    "calibrate",
    "choose_range",
    "fixed_target",
    "get_method",
]
