"""The headers of the C simulation, compiled once a test run: reading them is a third of what a small network costs."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

TEXT = """#ifndef HLSQ_NATIVE_INT
#include <ap_int.h>
#endif
#include <hls_stream.h>
"""
COMMON = ("-O3", "-fPIC", "-std=c++14", "-fno-gnu-unique", "-Wno-unknown-pragmas")
VARIANTS = {"ap_types": (), "machine_integers": ("-DHLSQ_NATIVE_INT", "-march=native")}


def precompile(folder: Path, flags: str) -> str:
    """``flags``, and the one that includes the headers, compiled in ``folder`` with what ``build_lib.sh`` adds.

    A compilation with other flags reads the text instead, which takes longer and is the same. Without g++, or where it
    cannot precompile, these are ``flags`` alone.
    """
    hls4ml = find_spec("hls4ml")
    if hls4ml is None or hls4ml.origin is None:
        return flags
    ap_types = Path(hls4ml.origin).parent / "templates" / "vivado" / "ap_types"
    header, compiled = folder / "headers.h", folder / "headers.h.gch"
    header.write_text(TEXT, encoding="utf-8")
    compiled.mkdir()
    command = ["g++", *COMMON, f"-isystem{ap_types}", *flags.split(), "-xc++-header", str(header)]
    try:
        running = [subprocess.Popen([*command, *more, "-o", compiled / name]) for name, more in VARIANTS.items()]
    except OSError:
        return flags
    failed = [process.wait() for process in running]
    if any(failed):
        return flags
    return f"{flags} -isystem{ap_types} -include {header}"
