"""Whatever layers are called, every identifier and file of a project is distinct, and the C++ compiles."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import NetworkBuilder

import hlsq
from hlsq.backends.vitis.names import MOST_LETTERS, identifiers
from hlsq.errors import OptionError
from hlsq.formats import Affine
from hlsq.graph.ops import Add, Dense
from hlsq.plan import BlockPlan

LONG = "a_long_name_of_a_layer_" * 20
GROUPS = {
    "long": [f"{LONG}1", f"{LONG}2", f"{LONG}x", "b" * 255, "b" * 256, "B" * 256],
    "characters": ["a/b", "a:b", "a b", "a_b", "A_b", "a__b", "_a_b", "日本", "中国", "a\nb", "1", "-"],
    "comments": ["ends with \\", "ends with ??/", "*/ int x;", "a\n#error", "a\r#error", "tab\t"],
    "derived": ["x", "x_t", "x_out", "x_all", "x_to_y", "y", "x_config", "x_weights", "x_bias", "x_2_shift", "x_BIAS"],
    "derived, the other way": ["x_weights", "x_config", "x_t", "x", "layer_x", "x_to_host", "host"],
    "local": ["i", "c", "n", "in", "out", "packet", "value", "samples", "expected", "input0", "output", "input_file0"],
    "types": ["size", "time", "clock", "int8", "uint64", "div", "wchar", "key", "mode", "id", "off", "max_align"],
    "project": ["hlsq_net", "hlsq_net_integers", "hlsq_net_out", "defines", "hlsq"],
}  # fmt: skip


def project(names: list[str], folder: Path, **options: object) -> hlsq.HardwareModel:
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
    return hlsq.convert(replace(graph, name=names[-1]), plan, output_dir=folder, **options)


@pytest.mark.csim
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.slow(4)
def test_projects_of_any_names_are_exact(
    group: str, io_type: str, tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    hw = project(GROUPS[group], tmp_path / "net", io_type=io_type)
    assert hw.verify().samples == 10
    assert run_test_bench(hw.output_dir) == (0, "10 samples, 0 differences\n")
    loaded = hlsq.load_project(hw.output_dir)
    assert np.array_equal(loaded.stored_inputs()[GROUPS[group][0]], hw.stored_inputs()[GROUPS[group][0]])


@pytest.mark.csim
def test_names_of_streams_are_distinct_where_a_tensor_is_read_twice(tmp_path: Path) -> None:
    hw = project(["x", "y", "fc", "add", "add_1", "add_2", "add_0", "add_input1"], tmp_path / "net")
    streams = [stream.ident for stream in hw.design.streams]
    assert len(streams) == len(set(streams))
    hw.verify()


@given(
    st.lists(
        st.text(alphabet="aAb_1/ é", max_size=90) | st.sampled_from([n for g in GROUPS.values() for n in g]),
        unique=True,
    )
)
def test_identifiers_are_distinct_short_and_stay(names: list[str]) -> None:
    found = identifiers(names, taken=["hlsq_net"])
    assert list(found) == names
    for identifier in found.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", identifier)
        assert len(identifier) < MOST_LETTERS + 16
    assert len({identifier.lower() for identifier in found.values()} | {"hlsq_net"}) == len(names) + 1
    assert identifiers(names, taken=["hlsq_net"]) == found


def test_identifiers_are_as_close_to_the_names_as_they_can_be() -> None:
    names = ["conv/first", "conv:first", "Conv_first", "class", "1x1", "stem", "stem_out", f"{LONG}conv_17"]
    assert list(identifiers(names).values()) == [
        "conv_first", "conv_first_2", "Conv_first_3", "layer_class", "layer_1x1", "stem", "layer_stem_out",
        "a_long_name_of_a_layer_a_long_name_of_a_name_of_a_layer_conv_17",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["defines", "fan_out", "hlsq", "a" * 65, "", "1a", "a-b", 5, None])
def test_names_of_projects_that_cannot_be(name: object, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=re.escape(f"project_name {name!r}")):
        project(["x", "y", "a", "b"], tmp_path / "net", project_name=name)


@pytest.mark.csim
@pytest.mark.parametrize("name", ["hlsq_types", "hlsq_defines", "weights", "blocks", "a" * 64])
@pytest.mark.slow(1)
def test_names_of_projects_that_look_like_our_files(name: str, tmp_path: Path) -> None:
    project(["x", "y", "a", "b"], tmp_path / "net", project_name=name).verify()


def test_a_long_name_of_the_folder_itself(tmp_path: Path) -> None:
    for _ in range(2):
        hw = project(["x", "y", "a", "b"], tmp_path / ("n" * 255))
    assert [p.name for p in tmp_path.iterdir()] == [hw.output_dir.name]
