"""The reference: float forward passes and the bit-exact integer emulation (NumPy only)."""
