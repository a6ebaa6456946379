"""Verilog that the units share: adders as carry chains, one LUT a bit, as Vivado makes them.

Left to itself, Yosys gathers sums of many terms into one compressor of LUTs, which Vivado does not.
"""

from __future__ import annotations

MODULES = """
module carry_add #(parameter W = 8) (input [W-1:0] a, input [W-1:0] b, input c, output [W-1:0] y);
  localparam N = (W + 3) / 4;
  wire [4*N-1:0] s = {{(4*N-W){1'b0}}, a ^ b};
  wire [4*N-1:0] d = {{(4*N-W){1'b0}}, a};
  wire [4*N-1:0] o, k;
  genvar i;
  generate
    for (i = 0; i < N; i = i + 1) begin : chain
      CARRY4 part(.CI(i == 0 ? 1'b0 : k[4*i-1]), .CYINIT(i == 0 ? c : 1'b0),
                  .S(s[4*i +: 4]), .DI(d[4*i +: 4]), .O(o[4*i +: 4]), .CO(k[4*i +: 4]));
    end
  endgenerate
  assign y = o[W-1:0];
endmodule
"""


def extended(name: str, bits: int, width: int, left: int = 0, signed: bool = True) -> str:
    """``name`` of ``bits`` bits, ``left`` zeros to its right, in ``width`` bits."""
    fill = width - bits - left
    if fill < 0:
        raise ValueError(f"{name}: {bits} bits and {left} zeros in {width}")
    top = f"{name}[{bits - 1}]" if signed else "1'b0"
    parts = [f"{{{fill}{{{top}}}}}"] if fill else []
    parts.append(f"{name}[{bits - 1}:0]")
    if left:
        parts.append(f"{left}'d0")
    return "{" + ", ".join(parts) + "}"


def adder(name: str, width: int, a: str, b: str, carry: str = "1'b0") -> str:
    """A carry chain: wire ``name`` = a + b + carry."""
    return (
        f"wire [{width - 1}:0] {name};\ncarry_add #({width}) add_{name}(.a({a}), .b({b}), .c({carry}), .y({name}));\n"
    )
