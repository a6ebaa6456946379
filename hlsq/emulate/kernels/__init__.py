"""The linear part of every operation on NumPy arrays, one operation per file.

One kernel serves both worlds: real values for calibration, and integers held in float32, float64 or int64 (whichever
a proven bound makes exact) for the emulation.
"""

from hlsq.emulate.kernels.base import Kernel, kernel_for

__all__ = ["Kernel", "kernel_for"]
