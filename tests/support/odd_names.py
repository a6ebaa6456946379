"""Names of layers that mean something in C++, to a shell, to Tcl or in HTML, or that look like names of ours."""

from dataclasses import replace

import numpy as np
from networks import NetworkBuilder

from hlsq.formats import Affine
from hlsq.graph import Graph
from hlsq.graph.ops import Add, Dense
from hlsq.plan import BlockPlan, Plan

LONG = "a_long_name_of_a_layer_" * 20
CPP = [
    "int8", "EOF", "NULL", "stdin", "class", "unix", "errno", "BIG_ENDIAN", "wchar_t", "M_PI", "main", "key", "hlsq",
    "std",
]  # fmt: skip
KEYWORDS = {
    "C++": "alignas and asm auto bool break case catch char class compl const constexpr decltype default delete "
    "do double else enum explicit export extern false final float for friend goto if import inline int "
    "long module mutable namespace new not nullptr operator or override private protected public register "
    "requires return short signed sizeof static struct switch template this throw true try typedef typeid "
    "typename union unsigned using virtual void volatile while xor",
    "macros": "EOF NULL assert errno stderr stdin stdout offsetof va_arg linux unix i386 INT_MAX BUFSIZ RAND_MAX "
    "signals",
    "Verilog": "always and assign begin bit buf case cell config deassign default design disable edge else end "
    "endcase endmodule event for force forever fork function generate genvar if initial inout input "
    "instance integer join library localparam logic module nand negedge nor not or output parameter "
    "posedge primitive real reg release repeat scalared signed specify string supply0 table task time tri "
    "unsigned var wait wand wire wor xnor xor",
    "VHDL": "abs access after alias all architecture array begin block body buffer bus component downto entity "
    "exit file generic group in is label linkage loop map mod next null of on others out package port "
    "process pure range record rem report select severity shared signal sla subtype then to transport "
    "type until use variable when with",
    "Tcl": "append array break catch cd close concat eval exec exit expr file foreach format global incr info "
    "lindex list open package proc puts read regexp rename set source string subst switch then unset "
    "uplevel upvar variable while",
    "Vitis": "add_files ap_int ap_uint ap_clk ap_rst ap_rst_n ap_start ap_done ap_idle ap_ready ap_return axis "
    "dataflow hls m_axi open_project pipeline pragma s_axilite set_top solution1 stream top unroll",
}
ASCII = "".join(map(chr, range(128)))
HOSTILE = [
    "ends with \\", "ends with ??/", "ends with \\ ", "*/ int x;", "a\n#error", "\ud800",
    "a\r\n#error\f\v", "\u2028#error\u2029\x85#error",
    "\u202eright to left\u2066", "\x1b]0;title\a\x1b[2J", '"); system("touch ran"); ("', "$(touch ran)`touch ran`",
    "[exec touch ran]", "'; touch ran; '", "<script>alert(1)</script>", "{{ 7 * 7 }}{% raw %}", "日本", "中国", "-",
]  # fmt: skip
OURS = [
    "x", "x_t", "x_out", "x_all", "x_to_y", "y", "x_config", "x_q", "x_q_t", "x_q_to_y", "x_q_2_shift", "X_Q_WEIGHTS",
    "q", "i", "c", "in", "out", "packet", "value", "input0", "output", "input_file0", "hlsq_net", "EOF_net",
    "int_net_integers", "defines", "fan_out", f"{LONG}1", f"{LONG}2", "b" * 256, "B" * 256, "a/b", "a:b", "A_b",
    "a__b", "_a_b", "1x1",
]  # fmt: skip


def network(names: list[str]) -> tuple[Graph, Plan]:
    """A network of two inputs and a chain of dense layers and additions with these names; the last two are outputs."""
    b = NetworkBuilder(np.random.default_rng(0))
    first, other, *rest = names
    b.input(first, (3,), Affine(8, 0.03))
    last = b.input(other, (3,), Affine(8, 0.03))
    for number, name in enumerate(rest):
        if number % 2:
            # One tensor several times, and several readers of it.
            b.add(name, Add(), [last, last, first], plan=BlockPlan(output=Affine(8, 0.05)))
        else:
            plan = BlockPlan(weight=Affine(8, 0.01, symmetric=True), output=Affine(8, 0.05))
            b.add(name, Dense(), [last], kernel=b.kernel(3, 3), bias=b.rng.normal(size=3), plan=plan)
        last = name
    graph, plan = b.build(rest[-2:])
    return replace(graph, name=names[-1]), plan
