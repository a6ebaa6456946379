"""The folded accelerator: a ``QuantizedGraph`` compiled to engines, instructions, memory map and weight image.

Pure data: nothing here writes C++ or SystemVerilog. One file a pass:

``tasks``       what has to run: windows over maps, additions fused into their producers, what is only an address;
``layout``      which channel lies in which lane of a memory word;
``grouping``    which blocks share an engine, ``wishes`` where the user says so;
``shapes``      the array that takes the fewest cycles;
``engines``     which engine runs which task;
``allocation``  where each feature map lies, by lifetime;
``weights``     rows of weight codes, packed at their own widths;
``parameters``  what post-processing needs for each output channel;
``instructions`` one instruction a task, with all counts and address steps;
``compile``     all of them in order;
``stages``      consecutive parts of a network, ``balance`` where they are cut and how many PEs each gets;
``pipeline``    a program for each of them, which work on successive samples.
"""

from hlsq.backends.folded.compile import compile_program
from hlsq.backends.folded.options import EngineOptions
from hlsq.backends.folded.pieces import Engine, Instruction
from hlsq.backends.folded.program import FoldedProgram

__all__ = ["Engine", "EngineOptions", "FoldedProgram", "Instruction", "compile_program"]
