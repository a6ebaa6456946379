"""A written project: its files, its test bench, and that edits and damage are noticed."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from edits import change_first_weight
from small import small_network

import hlsq
from hlsq.errors import GraphError, InputError, OptionError, OutputDirError, ToolFailedError, VerificationError

pytestmark = pytest.mark.csim


def test_emulation_and_simulation_agree(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    result = project.verify(samples)
    assert result.samples == 20
    assert result.tensors == 6
    assert result.integers == sum(values.size for values in project.emulate(samples, trace=True).values())
    assert np.array_equal(project.predict(samples), project.emulate(samples))
    assert np.array_equal(project.predict(samples, raw=True), project.emulate(samples, raw=True))


@pytest.mark.slow(4)
def test_ap_int_and_machine_integers_agree(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    native, exact = project.predict(samples, trace=True), project.predict(samples, trace=True, ap_types=True)
    for name, values in native.items():
        assert np.array_equal(values, exact[name]), name
    project.verify(samples, ap_types=True)


def test_hls4ml_model_graph_predicts_the_same(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    model = project.model_graph
    model.compile()
    real = model.predict(np.ascontiguousarray(samples, dtype=np.float64))
    assert np.array_equal(real.astype(np.float32).reshape(20, 3), project.emulate(samples))
    single = model.predict(np.ascontiguousarray(samples[:1]))
    assert np.array_equal(single, project.emulate(samples[:1])[0])
    assert [node.name for node in model.get_layers()] == list(project.graph.shapes)


@pytest.mark.parametrize(("block", "ident"), [("conv/first", "conv_first_q"), ("class", "class_q")])
@pytest.mark.slow(3)
def test_a_changed_weight_is_noticed_and_named(
    project: hlsq.HardwareModel, samples: np.ndarray, block: str, ident: str
) -> None:
    project.verify(samples)
    change_first_weight(project.output_dir / "firmware" / "weights" / f"{ident}.h")
    with pytest.raises(VerificationError) as caught:
        project.verify(samples)
    assert caught.value.block == block
    assert caught.value.expected != caught.value.actual
    assert str(caught.value).endswith(f"; changed since hlsq wrote them: firmware/weights/{ident}.h")
    hlsq.load_project(project.output_dir)
    trace = project.emulate(samples, trace=True)[block]
    assert int(trace[caught.value.index]) == caught.value.expected


def _edit_top(hw: hlsq.HardwareModel, before: str, after: str) -> None:
    path = hw.output_dir / "firmware" / "hlsq_net.cpp"
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def test_an_output_changed_on_its_way_out_is_noticed(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    end = "    hlsq::trace<1, 3>(5, class_q_out);\n#endif\n"
    change = "{ class_q_t w = class_q_out.read(); w[0] += 1; class_q_out.write(w); }\n"
    _edit_top(project, end, end + change)
    with pytest.raises(VerificationError) as caught:
        project.verify(samples)
    assert caught.value.block == "class"


@pytest.mark.slow(5)
def test_a_surplus_packet_is_noticed(
    project: hlsq.HardwareModel, samples: np.ndarray, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    call = "    class_q(pool_q_out, class_q_out);\n"
    _edit_top(project, call, call + "    class_q_out.write(class_q_t());\n")
    with pytest.raises(ToolFailedError, match="left 16 packets in its streams after 16 samples"):
        project.predict(samples)
    code, printed = run_test_bench(project.output_dir)
    assert code == 1
    assert "holds more than its packets" in printed


@pytest.mark.slow(2)
def test_files_of_others_in_a_project_survive(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    assert project.float_graph is not None
    folder = project.output_dir
    project.compile()
    (folder / "notes.txt").write_text("mine")
    (folder / "hlsq_net_prj").mkdir()
    (folder / "hlsq_net_prj" / "report.xml").write_text("hours of synthesis")
    (folder / "firmware" / "mine.h").write_text("// mine")
    again = hlsq.convert(project.float_graph, project.plan, output_dir=folder, calibration=samples, word_bits=32)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "hlsq_net_prj" / "report.xml").read_text() == "hours of synthesis"
    assert (folder / "firmware" / "mine.h").read_text() == "// mine"
    assert not list(folder.glob("firmware/*.so"))
    again.verify(samples)


@pytest.mark.slow(8)
def test_an_output_that_is_read_on(
    tmp_path: Path, samples: np.ndarray, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    """A port is only written, and every array has one reader: what a later block reads is a copy of its own."""
    graph, plan = small_network()
    both = replace(graph, outputs=("conv/first", "class"))
    for io_type in ("io_stream", "io_parallel"):
        hw = hlsq.convert(both, plan, output_dir=tmp_path / io_type, calibration=samples, io_type=io_type)
        hw.verify(samples)
        for expected, actual in zip(hw.emulate(samples), hw.predict(samples), strict=True):
            assert np.array_equal(expected, actual)
        assert run_test_bench(hw.output_dir) == (0, "10 samples, 0 differences\n")
    top = (tmp_path / "io_parallel" / "firmware" / "hlsq_net.cpp").read_text()
    copied = re.search(r"fan_out<36>\(conv_first_q_all, (.*)\);", top)
    assert copied is not None
    assert "conv_first_q_to_host" in copied[1].split(", ")


def test_folders_that_cannot_be(project: hlsq.HardwareModel, tmp_path: Path) -> None:
    assert project.float_graph is not None
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "net", "/proc/net/hlsq", 5, ""):
        with pytest.raises(OutputDirError, match="output_dir"):
            hlsq.convert(project.float_graph, project.plan, output_dir=folder)  # type: ignore[arg-type]


def test_models_are_shown_in_a_line(project: hlsq.HardwareModel) -> None:
    for shown in (project, project.graph, project.float_graph):
        assert len(repr(shown)) < 200
        assert "random" in repr(shown)


@pytest.mark.parametrize("flags", [(), ("-DHLSQ_NATIVE_INT",)])
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.slow(3)
def test_the_test_bench_checks_itself(
    project: hlsq.HardwareModel,
    samples: np.ndarray,
    tmp_path: Path,
    run_test_bench: Callable[..., tuple[int, str]],
    io_type: str,
    flags: tuple[str, ...],
) -> None:
    assert project.float_graph is not None
    hw = hlsq.convert(
        project.float_graph, project.plan, output_dir=tmp_path / io_type, calibration=samples, io_type=io_type
    )
    assert run_test_bench(hw.output_dir, *flags) == (0, "10 samples, 0 differences\n")
    expected = hw.output_dir / "tb_data" / "class_q_out.dat"
    first, rest = expected.read_text().split(" ", 1)
    expected.write_text(f"{int(first) + 1} {rest}")
    bad = subprocess.run(["./tb"], cwd=hw.output_dir, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert f"sample 0, class_q_out[0]: expected {int(first) + 1}, got {first}" in bad.stderr
    expected.unlink()
    missing = subprocess.run(["./tb"], cwd=hw.output_dir, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "cannot open class_q_out.dat" in missing.stderr


def test_the_vitis_files_name_what_is_there(project: hlsq.HardwareModel) -> None:
    folder = project.output_dir
    config = (folder / "hls_config.cfg").read_text()
    for name in re.findall(r"(?:syn|tb)\.file=(.*)", config):
        assert (folder / name).is_file(), name
    assert "part=xc7a100tcsg324-1" in config
    assert "clock=5.0ns" in config
    assert "syn.top=hlsq_net" in config
    component = json.loads((folder / "vitis-comp.json").read_text())
    assert component["type"] == "HLS"
    assert component["configuration"]["configFiles"] == ["hls_config.cfg"]
    script = (folder / "build_prj.tcl").read_text()
    for name in re.findall(r"add_files (?:-tb )?(\S+)", script):
        assert (folder / name).exists(), name


def test_generated_code_is_commented_and_one_function_per_block(project: hlsq.HardwareModel) -> None:
    firmware = project.output_dir / "firmware"
    assert sorted(p.stem for p in (firmware / "blocks").glob("*.h")) == [
        "class_q", "conv_first_q", "conv_second_q", "pool_q", "sum_q",
    ]  # fmt: skip
    first = (firmware / "blocks" / "conv_first_q.h").read_text()
    assert "// conv/first: conv2d, relu" in first
    assert "[6, 6, 2]" in first
    assert "PowerOfTwo(code_bits=5, max_exponent=7" in first
    assert "void conv_first_q(hls::stream<image_q_t> &input, hls::stream<conv_first_q_t> &output)" in first
    top = (firmware / "hlsq_net.cpp").read_text()
    depth = next(s.depth for s in project.design.streams if s.reader == "sum" and s.number == 0)
    assert f"depth = {depth}" in top


def test_nothing_on_the_shift_path_multiplies(project: hlsq.HardwareModel) -> None:
    code = (project.output_dir / "firmware" / "hlsq" / "pe_shift.h").read_text()
    statements = re.sub(r"//.*|#.*", "", code)
    assert "*" not in statements
    assert "multiply" not in statements
    # The products are added without a multiplication, in fabric.
    mac = (project.output_dir / "firmware" / "hlsq" / "mac.h").read_text()
    assert "#pragma HLS BIND_OP variable = sum op = add impl = fabric" in mac


def test_a_project_is_read_back(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    loaded = hlsq.load_project(project.output_dir)
    assert np.array_equal(loaded.emulate(samples, raw=True), project.emulate(samples, raw=True))
    assert loaded.plan == project.plan
    assert loaded.design.options == project.design.settled
    assert loaded.verify().samples == 10


def test_an_earlier_project_is_replaced_other_files_are_not(
    project: hlsq.HardwareModel, samples: np.ndarray, tmp_path: Path
) -> None:
    assert project.float_graph is not None
    again = hlsq.convert(project.float_graph, project.plan, output_dir=project.output_dir, project_name="other")
    assert (again.output_dir / "firmware" / "other_net.cpp").is_file()
    assert not (again.output_dir / "firmware" / "hlsq_net.cpp").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputDirError, match="holds files that hlsq did not write"):
        hlsq.convert(project.float_graph, project.plan, output_dir=mine)
    with pytest.raises(OutputDirError, match="is a file"):
        hlsq.convert(project.float_graph, project.plan, output_dir=mine / "thesis.tex")
    assert [p.name for p in mine.iterdir()] == ["thesis.tex"]


@pytest.mark.slow(2)
def test_a_model_does_nothing_with_the_project_of_another(
    project: hlsq.HardwareModel, samples: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.float_graph is not None
    hlsq.convert(project.float_graph, project.plan, output_dir=project.output_dir)  # the same again
    assert project.verify(samples[:1]).mismatches == 0

    other = hlsq.convert(project.float_graph, project.plan, output_dir=project.output_dir, reuse_factor=1)
    message = "holds the project of another network, or of other options"
    tool = tmp_path / "vitis_hls"
    tool.write_text("#!/bin/bash\n")
    tool.chmod(0o755)
    monkeypatch.setenv("HLSQ_VITIS", str(tool))
    for call in (project.predict, project.count_iterations, project.write_vectors, lambda _: project.build()):
        with pytest.raises(GraphError, match=message):
            call(samples)
    other.build()
    assert hlsq.load_project(project.output_dir).verify(samples[:1]).mismatches == 0
    assert other.design.options.reuse_factor == 1


def test_a_failed_conversion_leaves_the_folder_as_it_was(project: hlsq.HardwareModel, tmp_path: Path) -> None:
    assert project.float_graph is not None
    before = sorted(p.name for p in project.output_dir.rglob("*"))
    with pytest.raises(OptionError, match="reuse_factor 37 is impossible"):
        hlsq.convert(project.float_graph, project.plan, output_dir=project.output_dir, reuse_factor={"conv/first": 37})
    assert sorted(p.name for p in project.output_dir.rglob("*")) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net"]


def test_compiler_errors_are_shown(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    block = project.output_dir / "firmware" / "blocks" / "sum_q.h"
    block.write_text(block.read_text() + "\nthis is no C++\n")
    with pytest.raises(ToolFailedError, match="this"):
        project.predict(samples)


def test_damaged_projects_and_wrong_inputs(project: hlsq.HardwareModel, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="no project of hlsq"):
        hlsq.load_project(tmp_path)
    with pytest.raises(InputError, match=r"shape \[6, 6, 2\].*add the axis of samples"):
        project.emulate(np.zeros((6, 6, 2)))
    with pytest.raises(InputError, match="NaN"):
        project.predict(np.full((1, 6, 6, 2), np.nan))
    os.truncate(project.output_dir / "graph.npz", 100)
    with pytest.raises(GraphError, match=r"graph\.npz cannot be read"):
        hlsq.load_project(project.output_dir)


def test_a_quantised_network_cannot_be_split_by_hls4ml(project: hlsq.HardwareModel) -> None:
    from hls4ml.model import to_multi_model_graph

    last = list(project.model_graph.graph)[-1]
    with pytest.raises(GraphError, match=f"{last}.*one design"):
        to_multi_model_graph(project.model_graph, [last])
