"""Projects one of whose files was damaged: one error that names the file, or all as it was."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from damage import attempt, changed_archive, changed_bytes, changed_json
from small import small_network

import hlsq
from hlsq.errors import GraphError, InputError, PlanError

PROJECTS = 120
FILES = ("hlsq_project.json", "graph.json", "graph.npz", "plan.json", "deviations.json", "tb_data/image_q.dat")


def opened(folder: Path, samples: np.ndarray) -> tuple[np.ndarray, str]:
    hw = hlsq.load_project(folder)
    hw.stored_inputs()
    return hw.emulate(samples), hw.report().to_json()


@pytest.mark.slow(6)
def test_projects(tmp_path: Path) -> None:
    samples = np.random.default_rng(5).normal(size=(3, 6, 6, 2)).astype(np.float32)
    graph, plan = small_network()
    made, folder = tmp_path / "made", tmp_path / "net"
    hlsq.convert(graph, plan, output_dir=made, calibration=samples)
    expected = opened(made, samples)
    for number in range(PROJECTS):
        rng = np.random.default_rng([7, number])
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder, ignore=shutil.ignore_patterns("firmware"))
        checked = number % 2 == 0
        if not checked:
            marker = json.loads((folder / "hlsq_project.json").read_text())
            del marker["checksums"]
            (folder / "hlsq_project.json").write_text(json.dumps(marker))
        path = folder / FILES[number % len(FILES) if checked else (number // 2) % len(FILES)]
        good = path.read_bytes()
        if path.suffix == ".npz":
            path.write_bytes(changed_archive(rng, good))
        elif path.suffix == ".json" and rng.random() < 0.8:
            path.write_text(changed_json(rng, good.decode()))
        else:
            path.write_bytes(changed_bytes(rng, good))
        where = f"seed [7, {number}], {path}:\n{path.read_bytes()[:20000]!r}"
        # Each of these two names what it misses in the other.
        names = [folder / "graph.json", folder / "graph.npz"] if path.stem == "graph" else [path]
        found = attempt(partial(opened, folder, samples), (GraphError, PlanError, InputError), names, where)
        if found is not None and checked:
            assert np.array_equal(found[0], expected[0]), where
            assert found[1] == expected[1], where
