"""Number formats: how real values become integers and integers become stored bits (NumPy only)."""

from hlsq.formats.affine import Affine
from hlsq.formats.base import Format, Rounding, format_from_dict
from hlsq.formats.fixed_point import FixedPoint
from hlsq.formats.packing import pack, packed_words, unpack
from hlsq.formats.power_of_two import PowerOfTwo

__all__ = [
    "Affine",
    "FixedPoint",
    "Format",
    "PowerOfTwo",
    "Rounding",
    "format_from_dict",
    "pack",
    "packed_words",
    "unpack",
]
