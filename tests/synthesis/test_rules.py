"""Each rule about directives notices small C++ that breaks it, and lets right C++ pass."""

import pytest
from synthesis import check_text
from synthesis.directives import DIRECTIVES, Kind
from synthesis.pragmas import read_pragma
from synthesis.text_rules import text_findings

AROUND = """
#include "ap_int.h"
#include "hls_stream.h"
template <class T> struct box {{
    T held[4];
    T other[4][2];
    box() {{
{constructor}
    }}
    T at(int i) {{ return held[i]; }}
}};
{outside}
void block(hls::stream<ap_int<8> > &in, hls::stream<ap_int<8> > &out, int count) {{
{function}
    ap_int<8> values[4];
    ap_int<8> table[2][3];
    box<ap_int<8> > kept;
{before}
    for (int i = 0; i < 16; i++) {{
{loop}
        ap_int<8> x = in.read();
        for (int k = 0; k < {trips}; k++) {{
{inner}
            {body}
        }}
{late}
        if (x > 0) {{
{branch}
            x = 1;
        }}
        out.write(x);
    }}
}}
void top(hls::stream<ap_int<8> > &in, hls::stream<ap_int<8> > &out, int count) {{
#pragma HLS DATAFLOW
{top}
    block(in, out, count);
}}
"""
RIGHT = {
    "constructor": "#pragma HLS ARRAY_PARTITION variable = held complete dim = 0",
    "outside": "",
    "function": "#pragma HLS INLINE off",
    "before": "#pragma HLS ARRAY_PARTITION variable = values type = complete\n"
    "#pragma HLS ARRAY_RESHAPE variable = table complete dim = 2",
    "loop": "#pragma HLS PIPELINE II = 1 style = flp",
    "trips": "4",
    "inner": "#pragma HLS UNROLL",
    "body": "x += values[k] + kept.at(k);",
    "late": "",
    "branch": "",
    "top": "#pragma HLS INTERFACE axis port = in, out",
}


def messages(**changes: str) -> list[str]:
    """What is said of C++ that is right but for ``changes``."""
    return list(check_text({"text.cpp": AROUND.format(**RIGHT | changes)}, "text.cpp", "top").messages)


def test_right_text_passes() -> None:
    assert messages() == []


@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("loop", "#pragma HLS PIPELNE II = 1", "no such directive"),
        ("loop", "#pragma HLS PIPELINE II = 1 stlye = flp", "no option 'stlye'"),
        ("loop", "#pragma HLS PIPELINE II = 1 style = flush", "option 'style' cannot be 'flush'"),
        ("loop", "#pragma HLS PIPELINE II = fast!", "option 'II' cannot be 'fast!'"),
        ("loop", "#pragma HLS PIPELINE II = 1 whole", "no option 'whole'"),
        ("loop", "#pragma HLS PIPELINE II = 1 II = 2", "option 'II' stands twice"),
        ("loop", "#pragma HLS PIPELINE II = 1 \\\n  stlye = flp", "no option 'stlye'"),
        ("before", "#pragma HLS ARRAY_PARTITION complete", "option 'variable' is missing"),
        ("before", "#pragma HLS ARRAY_PARTITION variable = values complete factor = 2", "has no factor"),
        ("before", "#pragma HLS BIND_OP variable = values op = mull impl = dsp", "option 'op' cannot be 'mull'"),
        ("before", "#pragma HLS DEPENDENCE variable = values inter RAW distance = 2 dependent = maybe", "'dependent'"),
    ],
)  # fmt: skip
def test_words_that_a_directive_does_not_have(where: str, text: str, said: str) -> None:
    assert any(said in message for message in messages(**{where: text}))


@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("branch", "#pragma HLS PIPELINE II = 1", "it stands in a block"),
        ("loop", "#pragma HLS INLINE", "it stands in the body of a loop"),
        ("function", "#pragma HLS UNROLL", "it stands in the body of a function"),
        ("loop", "#pragma HLS STREAM variable = in depth = 4", "it stands in the body of a loop"),
        ("outside", "#pragma HLS INLINE", "it stands in no function"),
        ("late", "#pragma HLS PIPELINE II = 1", "it does not stand first"),
        ("late", "#pragma HLS PIPELINE II = 1", "repeats or contradicts line"),
        ("loop", "#pragma HLS PIPELINE II = 1\n#pragma HLS UNROLL", "contradicts UNROLL of the same loop"),
        ("function", "#pragma HLS INLINE\n#pragma HLS INLINE off", "repeats or contradicts line"),
        (
            "before",
            "#pragma HLS ARRAY_PARTITION variable = table complete dim = 2\n"
            "#pragma HLS ARRAY_RESHAPE variable = table complete dim = 2",
            "contradicts ARRAY_PARTITION of the same dimension",
        ),
    ],
)  # fmt: skip
def test_a_directive_at_a_wrong_place(where: str, text: str, said: str) -> None:
    assert any(said in message for message in messages(**{where: text}))


@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("before", "#pragma HLS ARRAY_PARTITION variable = value complete", "no variable 'value'"),
        ("before", "#pragma HLS ARRAY_PARTITION variable = kept.hold complete", "no variable 'kept.hold'"),
        ("before", "#pragma HLS ARRAY_PARTITION variable = values complete dim = 2", "has 1 dimensions, not 2"),
        ("before", "#pragma HLS ARRAY_RESHAPE variable = kept.other complete dim = 3", "has 2 dimensions, not 3"),
        ("before", "#pragma HLS ARRAY_PARTITION variable = count complete", "'count' is no array"),
        ("constructor", "#pragma HLS ARRAY_PARTITION variable = other complete dim = 3", "2 dimensions, not 3"),
        ("inner", "#pragma HLS UNROLL\n#pragma HLS BIND_OP variable = y op = mul impl = dsp", "no variable 'y'"),
        ("top", "#pragma HLS INTERFACE axis port = input", "no variable 'input'"),
        ("top", "hls::stream<int> s;\n#pragma HLS INTERFACE axis port = s", "'s' is no port of the top function"),
        ("function", "#pragma HLS INTERFACE axis port = in", "'in' is no port of the top function"),
        ("top", "#pragma HLS STREAM variable = count depth = 3", "'count' is neither a stream nor an array"),
        ("top", "#pragma HLS STABLE variable = in", "'in' is a stream"),
        ("function", "hls::stream<int> s;", "stream 's' is in no dataflow region"),
    ],
)  # fmt: skip
def test_variables_that_are_not_there(where: str, text: str, said: str) -> None:
    assert any(said in message for message in messages(**{where: text}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inner": ""}, "a loop inside a pipelined one has no UNROLL"),
        ({"trips": "count"}, "unknown number of iterations"),
        ({"trips": "count", "inner": ""}, "unknown number of iterations"),
        ({"trips": "x", "body": "x += values[k];"}, "unknown number of iterations"),
        ({"body": "while (x > 0) { x--; }"}, "unknown number of iterations"),
        ({"body": "x += values[i];"}, "'values' is in registers, but a variable says which"),
        ({"body": "x += kept.at(x);"}, "'held' is in registers, but a variable says which"),
        ({"body": "x += values[k + 1];"}, "'values' has no element 4"),
    ],
)
def test_hardware_that_no_tool_builds_well(changes: dict[str, str], said: str) -> None:
    assert any(said in message for message in messages(**changes))


def test_a_memory_may_be_addressed_by_a_variable() -> None:
    assert messages(body="x += table[k == 0][i % 3];") == []


def test_what_the_compiler_refuses_is_said_with_its_line() -> None:
    assert any(message.startswith("text.cpp:") and "nowhere" in message for message in messages(body="x += nowhere;"))


@pytest.mark.parametrize("name", sorted(DIRECTIVES))
def test_every_option_of_the_table_can_be_written(name: str) -> None:
    directive = DIRECTIVES[name]
    words = {Kind.INTEGER: "4", Kind.VARIABLE: "a.b", Kind.NAME: "n", Kind.BOOLEAN: "true"}
    given = [
        option if values is Kind.FLAG else f"{option}={values[0] if isinstance(values, tuple) else words[values]}"
        for option, values in directive.options.items()
        if option != "factor"
    ]
    assert list(text_findings(read_pragma("f", 1, f"{name} {' '.join(given)}"))) == []
