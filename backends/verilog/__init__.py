"""SystemVerilog of folded accelerators, simulated with Verilator.

Reached through ``hlsq.convert(..., architecture="folded", language="systemverilog")`` alone: a backend of hls4ml would
have to be given a graph of HLS layers, each with C++ of its own, and there is no C++ here.
"""
