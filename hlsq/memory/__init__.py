"""What a quantised network needs to remember: weights, biases, tables, feature maps, line buffers.

Weights are counted in four ways, all in bits:

* float: 32 bits for each (the memory before quantisation);
* codes: every code at its own width;
* packed: whole codes in memory words, with the bits of each word that no code uses (DoubleQ Fig. 2: three 5-bit codes
  in 16 bits);
* ROM: the words as a backend lays them out, with the codes of idle PEs; only a backend knows it.

The paper's count (DoubleQ Tables 3, 4, 6) is the codes of the convolutions alone, with 1 kB = 1000 bytes: the
convolutions of ResNet-20, its two 1x1 shortcuts among them, have 270,256 weights. That is 1.08 MB as floats, 270.26 kB
with eight bits and 168.91 kB (84.4 % less) with five, digit for digit as printed; the dense layer, biases and batch
norms are not in it. ``NetworkMemory.paper`` counts so, and gives DoubleQ's figures where all convolutions have 5-bit
codes.

FxP-QNet (eq. 26-30) tells read-write memory, the largest inputs and output of one block, from read-only memory, all
weights, biases and batch norms; both before and after, and how many times less that is. ``read_write`` and
``read_only`` count so; ``_packed`` puts every tensor into whole words.
"""

from hlsq.memory.averages import AverageLength, LengthGroup, average_lengths
from hlsq.memory.measure import is_convolution, measure, scale_tables
from hlsq.memory.model import FLOAT_BITS, WORD_BITS, BlockMemory, MapMemory, NetworkMemory, Saving
from hlsq.memory.words import packed_size, table_width

__all__ = [
    "FLOAT_BITS",
    "WORD_BITS",
    "AverageLength",
    "BlockMemory",
    "LengthGroup",
    "MapMemory",
    "NetworkMemory",
    "Saving",
    "average_lengths",
    "is_convolution",
    "measure",
    "packed_size",
    "scale_tables",
    "table_width",
]
