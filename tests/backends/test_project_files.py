"""The files of a project: nobody else's is touched, whoever converts, compiles, or is killed while doing so."""

import ctypes
import json
import os
import resource
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kills import run_killed
from small import small_network

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import building, check_output_dir, write_project
from hlsq.backends.vitis.simulation import compile_library
from hlsq.errors import GraphError, OutputDirError, ToolFailedError
from hlsq.graph.lowering import quantize_graph
from hlsq.hardware import expected_integers

MINE = ("results.dat", "mylib.so", "obj.o", "tb_data/my_vectors.dat", "firmware/mine.so", "firmware/weights/mine.h")
MINE += ("hlsq_net_prj/report.xml", ".hidden", "firmware/hlsq_net-mine.so")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # nobody pulls the plug here
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-O0")


def put_mine(folder: Path) -> None:
    for name in MINE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}")


def assert_mine(folder: Path) -> None:
    assert {name: (folder / name).read_text() for name in MINE} == {name: f"mine: {name}" for name in MINE}


def content(folder: Path) -> dict[str, bytes]:
    """All files but those of the user and the private ones."""
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {n: p.read_bytes() for n, p in files.items() if n not in MINE and not n.startswith(".hlsq")}


def private(folder: Path) -> set[str]:
    return {p.name for p in (folder / ".hlsq").iterdir()}


def writer(project_name: str, folder: Path, word_bits: int = 16) -> Callable[[], Path]:
    """Writes the project of a small network, as ``convert`` does, without computing anything."""
    graph, plan = small_network()
    quantized = quantize_graph(graph, plan)
    design = Design(quantized, HardwareOptions(project_name=project_name, word_bits=word_bits))
    x = np.random.default_rng(5).normal(size=(3, 6, 6, 2)).astype(np.float32)
    vectors = expected_integers(quantized, x)
    return lambda: write_project(design, folder, {"plan.json": plan.to_json()}, vectors=vectors)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C simulation of the small network, compiled once."""
    folder = tmp_path_factory.mktemp("library") / "net"
    writer("hlsq_net", folder)()
    return compile_library(folder)


@pytest.fixture
def copying_compiler(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that takes no time: whatever is asked for, it copies the library, which is returned."""
    compiler = tmp_path / "compiler"
    compiler.write_text(f'#!/bin/bash\nwhile [ $# -gt 0 ]; do\n[ "$1" != -o ] || exec cp {library} "$2"\nshift\ndone\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("HLSQ_CXX", str(compiler))
    return library


# Nothing of others is lost, and nothing of an earlier project stays.


@pytest.mark.usefixtures("copying_compiler")
def test_exactly_what_hlsq_wrote_and_built_is_deleted(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    assert project.float_graph is not None
    folder = project.output_dir
    put_mine(folder)
    project.model_graph.compile()
    project.compile()
    project.write_vectors(samples)
    assert len(list(folder.glob("firmware/hlsq_net-*.so"))) == 3
    assert_mine(folder)
    hlsq.convert(project.float_graph, project.plan, output_dir=folder, project_name="other", calibration=samples)
    assert_mine(folder)
    fresh = hlsq.convert(
        project.float_graph, project.plan, output_dir=folder.parent / "x", project_name="other", calibration=samples
    )
    assert content(folder) == content(fresh.output_dir)


def test_vectors_of_others_survive_new_ones(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    put_mine(project.output_dir)
    project.write_vectors(samples[:7])
    assert len(project.stored_inputs()["image"]) == 7
    assert_mine(project.output_dir)


def test_what_is_in_the_way_is_not_replaced(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    assert project.float_graph is not None
    before = content(project.output_dir)
    mine = project.output_dir / "firmware" / "other_net.cpp"
    mine.write_text("mine")
    with pytest.raises(OutputDirError, match=r"would replace '.*other_net\.cpp', which hlsq did not write; move it"):
        hlsq.convert(project.float_graph, project.plan, output_dir=project.output_dir, project_name="other")
    assert mine.read_text() == "mine"
    mine.unlink()
    assert content(project.output_dir) == before


def test_hls4mls_model_writes_the_same_project(project: hlsq.HardwareModel) -> None:
    """It knows of no plan and no vectors; those that are there still belong to it."""
    before = content(project.output_dir)
    project.model_graph.write()
    after = content(project.output_dir)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"hlsq_project.json"}
    hlsq.load_project(project.output_dir).stored_inputs()


def test_hls4mls_model_of_another_network_takes_nothing_over(
    project: hlsq.HardwareModel, tmp_path: Path, samples: np.ndarray
) -> None:
    assert project.float_graph is not None
    options = {"output_dir": tmp_path / "b", "calibration": samples, "word_bits": 32}
    other = hlsq.convert(project.float_graph, project.plan, **options)  # type: ignore[arg-type]
    shutil.rmtree(other.output_dir)
    shutil.copytree(project.output_dir, other.output_dir)
    other.model_graph.write()
    assert not (other.output_dir / "plan.json").exists()
    assert not list((other.output_dir / "tb_data").iterdir())


# Kills.


@pytest.mark.slow(4)
def test_a_kill_while_converting_leaves_the_old_or_the_new_project(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    writers = {name: writer(name, folder) for name in ("one", "two")}
    whole = {}
    for name, write in writers.items():
        write()
        whole[name] = content(folder)
    put_mine(folder)
    now, at, seen = "two", 0, {True: 0, False: 0}
    while True:
        aim = "one" if now == "two" else "two"
        if not run_killed(writers[aim], at):
            break
        found = hlsq.load_project(folder).design.options.project_name
        assert content(folder) == whole[found], at
        assert_mine(folder)
        assert private(folder) == {"build.lock", "files.lock"}
        seen[found == aim] += 1
        now = found
        at += 13
    assert min(seen.values()) > 3, "kills before and after the point of no return"


@pytest.mark.slow(4)
def test_a_kill_while_converting_for_the_first_time_is_repaired_by_the_same_call(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    write = writer("one", folder)
    write()
    whole, at, unfinished = content(folder), 0, set()
    while True:
        shutil.rmtree(folder)
        if not run_killed(write, at):
            break
        try:
            hlsq.load_project(folder)
            unfinished.add(False)
        except GraphError:
            unfinished.add(True)
        assert check_output_dir(folder) == folder
        write()
        assert content(folder) == whole, at
        at += 41
    assert unfinished == {True, False}


def test_a_kill_while_compiling(project: hlsq.HardwareModel, copying_compiler: Path) -> None:
    folder = project.output_dir
    project.compile()
    put_mine(folder)
    for at in range(200):
        if not run_killed(lambda: compile_library(folder), at):
            break
        ctypes.CDLL(str(folder / "firmware" / "hlsq_net-lib.so"))
        assert compile_library(folder).read_bytes() == copying_compiler.read_bytes()
        assert_mine(folder)
    assert at >= 5
    assert private(folder) == {"build", "build.lock", "files.lock"}
    assert not list((folder / ".hlsq" / "build").iterdir())


# Two at once.


def in_forks(*actions: Callable[[], object]) -> list[int]:
    """Exit codes of processes that each do one of ``actions`` at the same time."""
    pids = []
    for action in actions:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                action()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


@pytest.mark.slow(8)
def test_several_processes_compile_and_simulate_one_project(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    folder = project.output_dir

    def work() -> None:
        hlsq.load_project(folder).verify(samples)

    assert in_forks(work, work) == [0, 0]
    assert not list(folder.glob("*.o"))


def test_several_processes_convert_into_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    writers = {name: writer(name, folder) for name in ("one", "two", "three")}
    whole = {}
    for name, write in writers.items():
        write()
        whole[name] = content(folder)
    shutil.rmtree(folder)

    def read() -> None:
        for _ in range(10):
            time.sleep(0.01)
            if folder.exists():
                try:
                    hlsq.load_project(folder)
                except GraphError as error:
                    assert "hlsq_project.json" in str(error), "half a project"  # noqa: PT017 - one not yet there

    actions = [lambda w=w: [w() for _ in range(3)] for w in writers.values()]  # type: ignore[misc]
    assert in_forks(*actions, read) == [0, 0, 0, 0]
    assert content(folder) == whole[hlsq.load_project(folder).design.options.project_name]


def test_converting_does_not_disturb_who_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsq.backends.vitis.project.PATIENCE", 0.3)
    folder = tmp_path / "net"
    write = writer("one", folder)
    write()
    with building(folder, ToolFailedError):
        hlsq.load_project(folder)
        with pytest.raises(OutputDirError, match=rf"being worked on by process {os.getpid()} on "):
            write()
        waiting = threading.Thread(target=write)
        monkeypatch.setattr("hlsq.backends.vitis.project.PATIENCE", 60)
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
    waiting.join()


@pytest.mark.usefixtures("copying_compiler")
def test_compiling_waits_for_who_compiles(project: hlsq.HardwareModel) -> None:
    waiting = threading.Thread(target=compile_library, args=(project.output_dir,))
    with building(project.output_dir, ToolFailedError):
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert not (project.output_dir / "build_lib.log").exists()
    waiting.join()
    assert (project.output_dir / "firmware" / "hlsq_net-lib.so").exists()


# Folders of all kinds.


def test_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("one", "two"):
        writer(name, Path("."))()
        assert hlsq.load_project(".").design.options.project_name == name
        assert os.path.samestat(os.stat("."), folder.stat())
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_a_link_stays_and_its_target_is_updated(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder, link = tmp_path / "elsewhere" / "net", tmp_path / "link"
    writer("one", folder)()
    link.symlink_to("elsewhere/net")
    writer("two", link)()
    assert link.is_symlink()
    assert hlsq.load_project(folder).design.options.project_name == "two"
    assert not (folder / "firmware" / "one_net.cpp").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dangling", r"is a link to 'nowhere', which does not exist; create that folder, or remove the link"),
        ("circle", "links go round in a circle"),
        ("n" * 300, "name of more than 255 bytes|name is too long"),
        ("new/" + "n" * 300, "name of more than 255 bytes|name is too long"),
        ("file", "is a file; choose a folder"),
        ("file/net", "is no folder to write to"),
        ("/", "holds files that hlsq did not write"),
        ("zero\0byte", "is no path for a folder"),
    ],
)
def test_folders_that_cannot_be_are_refused_before_anything(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputDirError, match=message):
        hlsq.convert(None, output_dir=tmp_path / name)  # the folder is looked at before the model
    assert sorted(p.name for p in tmp_path.iterdir()) == ["circle", "dangling", "file"]


@pytest.mark.parametrize("folder", [None, 5, b"net", "n" * 300, "zero\0byte", "\ud800"], ids=ascii)
def test_what_is_no_path_is_no_project(folder: object) -> None:
    with pytest.raises(GraphError, match=r"is no (path|folder that can be read|project of hlsq)"):
        hlsq.load_project(folder)  # type: ignore[arg-type] # as a user without a type checker may


def test_a_mount_point(tmp_path: Path) -> None:
    """A file system of its own cannot be renamed, and one with a limit fills up."""
    folder = Path("/dev/shm") / f"hlsq-{os.getpid()}"
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no second file system")
    try:
        writer("one", folder)()
        writer("two", folder)()
        assert hlsq.load_project(folder).design.options.project_name == "two"
    finally:
        shutil.rmtree(folder)


# Disks that take no more.


def limited(size: int, action: Callable[[], object], error: type[Exception], message: str) -> None:
    """``action`` fails with ``error`` where no file may be longer than ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(error, match=message):
            action()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1000, 20_000])
def test_no_room_for_a_project_leaves_the_earlier_one(tmp_path: Path, size: int) -> None:
    folder = tmp_path / "net"
    write = writer("one", folder)
    limited(size, write, OutputDirError, r"cannot write output_dir .*ulimit -f")
    assert not list(tmp_path.iterdir()), "nothing is left of a folder that could not be filled"
    write()
    before = content(folder)
    limited(size, writer("two", folder), OutputDirError, r"cannot write output_dir .*ulimit -f")
    assert content(folder) == before
    assert private(folder) == {"build.lock", "files.lock"}


def test_no_room_for_vectors_leaves_the_earlier_ones(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    before = content(project.output_dir)
    limited(200, lambda: project.write_vectors(samples), OutputDirError, "cannot write the test bench's vectors")
    assert content(project.output_dir) == before


@pytest.mark.usefixtures("copying_compiler")
def test_no_room_for_a_library_leaves_the_earlier_one(project: hlsq.HardwareModel) -> None:
    project.compile()
    library = project.output_dir / "firmware" / "hlsq_net-lib.so"
    before = library.read_bytes()
    limited(len(before) // 2, project.compile, ToolFailedError, "build_lib.sh lib")
    assert library.read_bytes() == before
    limited(0, project.compile, ToolFailedError, "the log of 'bash'")
    assert library.read_bytes() == before


def test_modes(project: hlsq.HardwareModel) -> None:
    assert stat.S_IMODE((project.output_dir / "build_lib.sh").stat().st_mode) & 0o100
    marker = json.loads((project.output_dir / "hlsq_project.json").read_text())
    listed = set(marker["files"])
    assert listed == set(content(project.output_dir))
    assert not listed & set(marker["built"])
