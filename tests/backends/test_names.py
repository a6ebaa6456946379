"""Whatever layers are called, every identifier and file of a project is distinct, and the C++ compiles."""

import re
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_names import ASCII, CPP, HOSTILE, KEYWORDS, LONG, OURS, network

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.names import MOST_LETTERS, identifiers, top_name
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.errors import OptionError
from hlsq.files.fields import shown
from hlsq.graph.lowering import quantize_graph

INCLUDE = re.compile(r'#include (<\S+>|"(?:firmware/|\.\./)?hlsq/\S+")')


def project(names: list[str], folder: Path, **options: object) -> hlsq.HardwareModel:
    """``network`` as a project."""
    return hlsq.convert(*network(names), output_dir=folder, **options)


@pytest.mark.csim
@pytest.mark.parametrize(
    ("names", "options"),
    [
        ([*CPP, *HOSTILE], {"project_name": "EOF", "io_type": "io_stream"}),
        ([*HOSTILE, *CPP], {"project_name": "int", "io_type": "io_parallel"}),
        ([*OURS, ASCII], {"project_name": "hlsq", "io_type": "io_stream"}),
    ],
    ids=["C++", "hostile", "ours"],
)
@pytest.mark.slow(20)
def test_projects_of_any_names_are_exact(
    names: list[str], options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-O0")
    hw = project(names, tmp_path / "net", **options)
    assert hw.verify().samples == 10
    loaded = hlsq.load_project(hw.output_dir)
    assert np.array_equal(loaded.stored_inputs()[names[0]], hw.stored_inputs()[names[0]])
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.csim
@pytest.mark.parametrize("name", ["size_t", "main"])
@pytest.mark.slow(5)
def test_projects_of_any_name_run_their_test_bench(
    name: str, tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    hw = project([*CPP[:3], "fc"], tmp_path / "net", project_name=name)
    assert run_test_bench(hw.output_dir, project=f"{name}_net") == (0, "10 samples, 0 differences\n")


@pytest.fixture(scope="module")
def derived() -> set[str]:
    """What templates make of an identifier ``i_q``: endings of names, ``""`` for the identifier itself."""
    words: set[str] = set()
    for streaming in ("io_stream", "io_parallel"):
        files = render_project(
            Design(quantize_graph(*network(["a", "b", "c", "d", "e"])), HardwareOptions(io_type=streaming))
        )
        words.update(re.findall(r"\w+", " ".join(files.values())))
    return {word[3:] for word in words if re.match("[a-e]_q(_|$)", word)}


@pytest.mark.csim
@pytest.mark.slow(6)
def test_no_header_has_a_name_of_ours(derived: set[str], tmp_path: Path) -> None:
    """Every macro and every word of the headers that projects include, as the name of a layer and of a project."""
    assert {"", "_t", "_out", "_all", "_weights", "_to_d_q_input0", "_config"} <= derived
    files = render_project(Design(quantize_graph(*network(["a", "b", "c"])), HardwareOptions()))
    included = sorted(
        {i.replace("../", "").replace("firmware/", "") for f in files.values() for i in INCLUDE.findall(f)}
    )
    assert "<cmath>" in included
    assert '"hlsq/mac.h"' in included or '"hlsq/dense.h"' in included
    hw = project(["a", "b", "c"], tmp_path / "net")
    firmware = hw.output_dir / "firmware"
    source = tmp_path / "headers.cpp"
    source.write_text("".join(f"#include {i}\n" for i in included))
    command = ["g++", "-std=c++14", f"-I{firmware}", f"-I{firmware}/ap_types", "-E"]
    words: set[str] = set()
    for flags in ([], ["-dM"], ["-dM", "-std=gnu++14"]):
        done = subprocess.run([*command, *flags, str(source)], capture_output=True, text=True, check=True)
        words.update(re.findall(r"[A-Za-z_]\w*", done.stdout))
    assert {"EOF", "size_t", "unix", "errno", "int8_t", "sigset_t", "__GNUC__", "M_PI"} <= words
    assert len(words) > 5000
    found = identifiers(sorted(words))
    taken = {f"{identifier}{ending}" for identifier in found.values() for ending in derived}
    taken |= {top_name(word) for word in words} | {top_name(word) + "_integers" for word in words}
    assert not taken & words
    # And what a compiler says of it.
    lines = [f"typedef int {i}_t; void {i}(const {i}_t {i}_out[3]);" for i in found.values()]
    source.write_text(source.read_text() + "\n".join([*lines, *(f"void {top_name(w)}();" for w in sorted(words))]))
    command[-1:] = ["-fsyntax-only", "-w"]
    subprocess.run([*command, str(source)], check=True)


@pytest.mark.csim
def test_no_keyword_of_any_language_is_an_identifier(derived: set[str], tmp_path: Path) -> None:
    words = sorted({word for listed in KEYWORDS.values() for word in listed.split()})
    found = identifiers(words)
    made = {f"{i}{ending}" for i in found.values() for ending in derived} | {top_name(word) for word in words}
    assert not {name.lower() for name in made} & {word.lower() for word in words}
    # And what a compiler says of it, and of the top function, with the headers that a top function has.
    lines = ['#include "ap_int.h"', '#include "hls_stream.h"', "#include <fstream>", "#include <iostream>"]
    lines += [f"typedef int {i}_t; void {i}(const {i}_t {i}_out[3]);" for i in found.values()]
    lines += [f"void {top_name(word)}();" for word in words]
    source = tmp_path / "keywords.cpp"
    source.write_text("\n".join(lines))
    hls4ml = find_spec("hls4ml")
    assert hls4ml is not None
    headers = Path(str(hls4ml.origin)).parent / "templates" / "vivado" / "ap_types"
    subprocess.run(["g++", "-std=c++14", f"-I{headers}", "-fsyntax-only", "-w", str(source)], check=True)


@pytest.mark.csim
def test_names_of_streams_are_distinct_where_a_tensor_is_read_twice(tmp_path: Path) -> None:
    hw = project(["x", "y", "fc", "add", "add_1", "add_2", "add_0", "add_input1"], tmp_path / "net")
    streams = [stream.ident for stream in hw.design.streams]
    assert len(streams) == len(set(streams))
    hw.verify()


words_of_names = st.sampled_from(
    ["a", "A", "q", "Q", "b", "1", "t", "to", "out", "2", "shift", "net", "é", "", "x" * 70]
)


@given(
    st.lists(st.lists(words_of_names, max_size=9).map("_".join) | st.sampled_from([*CPP, *HOSTILE, *OURS]), unique=True)
)
def test_identifiers_and_what_is_derived_are_distinct(derived: set[str], names: list[str]) -> None:
    found = identifiers(names)
    assert list(found) == names
    for identifier in found.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*_q", identifier)
        assert not re.search(r"_q(?!$)(_|$)", identifier.lower()[:-2])
        assert len(identifier) < MOST_LETTERS + 16
    endings = {ending for ending in derived if "_to_" not in ending}
    endings |= {f"_to_{other}" for other in found.values()}
    every = [f"{identifier}{ending}".lower() for identifier in found.values() for ending in endings]
    assert len(set(every)) == len(found) * len(endings)
    assert identifiers(names) == found


def test_identifiers_are_as_close_to_the_names_as_they_can_be() -> None:
    names = [
        "conv1",
        "conv/first",
        "conv:first",
        "Conv_first",
        "class",
        "1x1",
        "dense_q",
        "a_q_b",
        "日本",
        f"{LONG}conv_17",
    ]
    assert list(identifiers(names).values()) == [
        "conv1_q", "conv_first_q", "conv_first_2_q", "Conv_first_3_q", "class_q", "layer_1x1_q", "dense_q", "aq_b_q",
        "tensor_q", "a_long_name_of_a_layer_a_long_name_of_a_name_of_a_layer_conv_17_q",
    ]  # fmt: skip
    assert [top_name(name) for name in ("hlsq_net", "mnist", "net")] == ["hlsq_net", "mnist_net", "net_net"]


@pytest.mark.parametrize("name", ["a" * 65, "", "1a", "a-b", "é", "a\n", 5, None])
def test_names_of_projects_that_cannot_be(name: object, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=re.escape(f"project_name {shown(name)}")):
        project(["x", "y", "a", "b"], tmp_path / "net", project_name=name)


def test_a_long_name_of_the_folder_itself(tmp_path: Path) -> None:
    for _ in range(2):
        hw = project(["x", "y", "a", "b"], tmp_path / ("n" * 255))
    assert [p.name for p in tmp_path.iterdir()] == [hw.output_dir.name]
