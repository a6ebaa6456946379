"""Processing elements, one folder per kind: what weights it takes, what it costs, its C++ for both architectures."""

from hlsq.backends.pes.base import DUAL_FORMS, PE, DualForm, PEKind, WeightForm, Widths, kinds, pe_for, pe_of

__all__ = ["DUAL_FORMS", "PE", "DualForm", "PEKind", "WeightForm", "Widths", "kinds", "pe_for", "pe_of"]
