"""What would keep a block's loop from starting an iteration each cycle: memory ports, and sums that wait for sums."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense, Reshape
from hlsq.plan import BlockPlan

LINES = """
#include "firmware/hlsq/window.h"
#include <cstdio>

// A value that knows how often its place was read and written.
struct probe {
    int value;
    mutable int reads, writes;
    probe(int v = 0) : value(v), reads(0), writes(0) {}
    probe(const probe &other) : value(other.value), reads(0), writes(0) { other.reads++; }
    probe &operator=(const probe &other) {
        value = other.value;
        other.reads++;
        writes++;
        return *this;
    }
};

struct config {
    static const int in_height = 5, in_width = 4, channels = 2, out_height = 5, out_width = 4;
    static const int kernel_height = 3, kernel_width = 3, stride_height = 1, stride_width = 1;
    static const int dilation_height = DILATION, dilation_width = 1, pad_value = 0;
    static const int pad_top = DILATION, pad_bottom = DILATION, pad_left = 1, pad_right = 1;
    static const int iterations = out_height * (in_width + pad_right) + pad_bottom * in_width;
    typedef probe tap_t;
};

int main() {
    hlsq::corner<config> at;
    static hlsq::packet<probe, 2> lines[hlsq::sweep<config>::lines][1][config::in_width];
    int most = 0;
    for (int i = 0; i < config::iterations; i++) {
        probe newest[2], fresh[3][2];
        hlsq::take_column(at, newest, lines, fresh);
        for (auto &line : lines) {
            int reads = 0, writes = 0;
            for (auto &place : line[0])
                for (auto &value : place.data) {
                    reads += value.reads;
                    writes += value.writes;
                    value.reads = value.writes = 0;
                }
            most = reads > most ? reads : most;
            most = writes > most ? writes : most;
        }
        at.next();
    }
    std::printf("%d", most);
}
"""

SUMS = """
#include "firmware/hlsq/mac.h"
#include <cstdio>

// How many additions the sum of the iteration before has passed; -1 where it is no part of the value.
struct chain {
    int length;
    chain(int) : length(-1) {}
    chain &operator+=(const chain &other) {
        length = length > other.length ? length : other.length;
        length += length >= 0 ? 1 : 0;
        return *this;
    }
};

struct config {
    static const int tap_block = 16, rows = 1, columns = 16, codes_per_word = 1, code_bits = 8, code_mask = 255;
    typedef unsigned char code_t, word_t;
    typedef chain sum_t;
    static word_t word(int, int) { return 1; }
    struct pe {
        static int apply(int x, int code) { return x * code; }
    };
};

struct ones {
    int operator()(int, int) const { return 1; }
};

int main() {
    const hlsq::rom<config> codes;
    chain before(0);
    before.length = 0;
    std::printf("%d", hlsq::add_products<config>(before, ones(), 0, codes, 0, 0).length);
}
"""


def printed(folder: Path, source: str, *flags: str) -> int:
    """What a program that includes the headers of the project in ``folder`` prints."""
    (folder / "probe.cpp").write_text(source, encoding="utf-8")
    command = ["g++", "-std=c++14", "-DHLSQ_NATIVE_INT", "-Ifirmware/ap_types", "-Wno-unknown-pragmas", *flags]
    subprocess.run([*command, "probe.cpp", "-o", "probe"], cwd=folder, check=True)
    return int(subprocess.run(["./probe"], cwd=folder, capture_output=True, text=True, check=True).stdout)


@pytest.mark.csim
@pytest.mark.parametrize("dilation", [1, 2])
def test_each_line_is_read_and_written_at_one_address_a_position(project: hlsq.HardwareModel, dilation: int) -> None:
    channels = 2
    assert printed(project.output_dir, LINES, f"-DDILATION={dilation}") == channels


@pytest.mark.csim
def test_a_sum_waits_for_a_single_addition_of_the_iteration_before(project: hlsq.HardwareModel) -> None:
    assert printed(project.output_dir, SUMS) == 1


def test_thresholds_of_an_output_are_all_there_at_once() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), Affine(8, 0.02))
    scales = tuple(float(s) for s in np.linspace(0.01, 0.1, 6))
    plan = BlockPlan(weight=Affine(8, scales, symmetric=True), output=PowerOfTwo(4, 6, 0.01))
    b.add("conv", Conv2D(), ["x"], kernel=b.kernel(1, 1, 2, 6), plan=plan)
    design = Design(quantize_graph(*b.build(["conv"])), HardwareOptions(reuse_factor=3))
    code = render_project(design)[f"firmware/blocks/{design.blocks[0].ident}.h"]
    (dimensions,) = re.findall(r"_thresholds((?:\[\d+\]){3}) =", code)
    assert dimensions.startswith("[3][2]")
    assert re.findall(r"ARRAY_RESHAPE variable = \w+_thresholds complete dim = (\d)", code) == ["2", "3"]


def test_in_arrays_a_packet_is_a_word_and_a_vector_a_single_packet() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (2, 3, 2), Affine(8, 0.02))
    b.add("flat", Reshape((12,)), ["x"])
    b.add("dense", Dense(), ["flat"], kernel=b.kernel(12, 5), plan=BlockPlan(weight=Affine(8, 0.02, symmetric=True)))
    design = Design(quantize_graph(*b.build(["dense"])), HardwareOptions(io_type="io_parallel"))
    files = render_project(design)
    code = files[f"firmware/blocks/{design.by_name['dense'].ident}.h"]
    assert re.search(r"array_reader<\w+_t, 6> source", code)
    assert re.search(r"array_writer<\w+_t, 1> sink", code)
    top = files["firmware/hlsq_net.cpp"]
    assert re.search(r"void hlsq_net\(const x_q_t x_q\[6\], dense_q_t &dense_q_out\)", top)
    for name, mode in (("x_q", "ap_memory"), ("dense_q_out", "ap_vld")):
        assert f"#pragma HLS AGGREGATE variable = {name} compact = bit\n" in top
        assert f"#pragma HLS INTERFACE {mode} port = {name}\n" in top
    assert "RESHAPE" not in top
