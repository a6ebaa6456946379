"""Operations of small C++ that reach hardware, counted by what following it finds."""

import pytest
from synthesis import check_text
from synthesis.operations import ADDRESS, CONSTANT_MULTIPLY, DIVIDE, MULTIPLY, SHIFT, Process

AROUND = """
#include "ap_int.h"
#include "hls_stream.h"
static const unsigned short table[2][4] = {{{{3, 5, 7, 9}}, {{11, 13, 15, 17}}}};
template <int N> struct config {{
    static const int size = N;
    template <class T> static ap_int<24> finish(T value, int group, int output) {{
        return value * ap_uint<16>(table[group][output]);
    }}
}};
template <class T, int STEPS, int LANES> struct registers {{
    T value[STEPS][LANES];
    registers() {{
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
    }}
    T select(int step, int lane) const {{ return value[step][lane]; }}
}};
template <class CONFIG> struct state {{
    registers<ap_int<8>, 6, 4> steps;
    registers<ap_int<8>, 1, 4> single;
    ap_int<8> held[4];
    ap_int<8> fresh[4];
    ap_uint<2> group;
    state() : group(0) {{
#pragma HLS ARRAY_PARTITION variable = held complete dim = 0
#pragma HLS ARRAY_PARTITION variable = fresh complete dim = 0
    }}
}};
template <class CONFIG> void block(hls::stream<ap_int<8> > &in, hls::stream<ap_int<24> > &out) {{
    state<CONFIG> s;
    for (int i = 0; i < 8; i++) {{
#pragma HLS PIPELINE II = 1
        const ap_int<8> a = in.read();
        const ap_int<8> b = in.read();
        ap_int<24> sum = 0;
        for (int k = 0; k < CONFIG::size; k++) {{
#pragma HLS UNROLL
            {body}
        }}
        out.write(sum);
    }}
}}
void top(hls::stream<ap_int<8> > &in, hls::stream<ap_int<24> > &out) {{
    block<config<4> >(in, out);
}}
"""


def process(body: str) -> Process:
    """What a loop over four copies of ``body`` needs."""
    found = check_text({"text.cpp": AROUND.format(body=body)}, "text.cpp", "top")
    assert found.messages == ()
    return found.processes["block"]


@pytest.mark.parametrize(
    ("body", "operation", "count"),
    [
        ("sum += a * b;", MULTIPLY, 4),
        ("sum += a * 3;", CONSTANT_MULTIPLY, 4),
        ("sum += a * table[0][k];", CONSTANT_MULTIPLY, 4),
        ("sum += a * table[i & 1][k];", MULTIPLY, 4),
        ("sum += a * ap_int<8>(k);", CONSTANT_MULTIPLY, 1),  # 0, 1 and 2 are wires, 3 is not
        ("ap_int<16> p = a; p *= b; sum += p;", MULTIPLY, 4),
        ("sum += a * 4;", CONSTANT_MULTIPLY, 0),
        ("sum += k * 3;", CONSTANT_MULTIPLY, 0),
        ("sum += a / b;", DIVIDE, 4),
        ("sum += a % 3;", DIVIDE, 4),
        ("sum += a << b;", SHIFT, 4),
        ("sum += a >> k;", SHIFT, 0),
        ("sum += a << table[0][k];", SHIFT, 0),
        ("sum += a << table[i & 1][k];", SHIFT, 4),
        ("if (k == 2) sum += a * b;", MULTIPLY, 1),
        ("if (a > 0) sum += a * b; else sum += 5 * b;", MULTIPLY, 4),
        ("if (a > 0) sum += a * b; else sum += 5 * b;", CONSTANT_MULTIPLY, 4),
        ("if (k == 1 && a > 0) { sum += a * b; continue; } sum += b * 7;", CONSTANT_MULTIPLY, 4),
        ("if (k == 1) { continue; } sum += b * 7;", CONSTANT_MULTIPLY, 3),
        ("if (k == 1) { break; } sum += b * 7;", CONSTANT_MULTIPLY, 1),
        ("sum += a > 0 ? ap_int<24>(a * b) : ap_int<24>(a * 3);", MULTIPLY, 4),
        ("const int row = i * 3; sum += table[row & 1][k];", ADDRESS + CONSTANT_MULTIPLY, 4),
        ("sum += CONFIG::finish(a, 0, k);", CONSTANT_MULTIPLY, 4),
        ("sum += CONFIG::finish(a, s.group, k); s.group++;", MULTIPLY, 4),
    ],
)
def test_operations(body: str, operation: str, count: int) -> None:
    assert process(body).total(operation) == count


def test_a_requantiser_is_counted_each_time_it_is_called() -> None:
    found = process("sum += CONFIG::finish(a, 0, k);")
    assert found.count("finish") == 4
    assert found.units["finish"][0].widths == [(8, 16)]


@pytest.mark.parametrize(
    ("body", "held"),
    [
        ("sum += s.held[k]; s.held[k] = a;", {"state.held": 32}),
        ("s.fresh[k] = a; sum += s.fresh[k];", {}),
        ("if (a > 0) s.held[k] = a; sum += s.held[k];", {"state.held": 32}),
        ("if (a > 0) { s.fresh[k] = b; sum += s.fresh[k]; }", {}),
        ("if (a > 0) s.held[k] = b; else sum += s.held[k];", {"state.held": 32}),
        ("if (a > 0) continue; s.fresh[k] = b; sum += s.fresh[k];", {}),
        ("(void)(a > 0 && (s.held[k] = b) > 0); sum += s.held[k];", {"state.held": 32}),
        ("(void)(k >= 0 && (s.held[k] = b) > 0); sum += s.held[k];", {}),
        ("if (k > 0) s.held[k] = s.held[k - 1]; else s.held[0] = a;", {}),
        ("s.held[3 - k] = k < 3 ? s.held[2 - k] : a; sum += s.held[3 - k];", {"state.held": 32}),
    ],
)
def test_registers_are_what_is_read_before_it_is_written(body: str, held: dict[str, int]) -> None:
    assert dict(process(body).registers) == held


def test_iterations_of_the_pipelined_loop() -> None:
    assert process("sum += a;").loops == [8]


@pytest.mark.parametrize(
    ("body", "multiplexers"),
    [
        ("sum += s.steps.select(s.group, k);", {6: 4 * 8}),  # of each lane one of its steps
        ("sum += s.steps.select(k, s.group);", {4: 4 * 8}),
        ("sum += s.steps.select(s.group, s.group);", {24: 4 * 8}),
        ("if (k == 2) sum += s.steps.select(s.group, k);", {6: 8}),
        ("sum += s.steps.select(5 - k, k);", {}),
        ("sum += s.single.select(s.group, k);", {}),
    ],
)
def test_multiplexers_are_what_selects_from_registers(body: str, multiplexers: dict[int, int]) -> None:
    found = process(body).multiplexers
    assert {inputs: count for (_, inputs), count in found.items()} == multiplexers
