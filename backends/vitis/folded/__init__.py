"""The folded accelerator in C++ for Vitis HLS: renders a ``FoldedProgram``."""
