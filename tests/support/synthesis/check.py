"""All rules over the files of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synthesis.elaborate import Elaboration
from synthesis.operations import Process
from synthesis.place_rules import place_findings
from synthesis.pragmas import pragmas_of
from synthesis.syntax import parse
from synthesis.text_rules import text_findings
from synthesis.types import forget_types


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        messages: what is wrong, each with file and line; none in a good design.
        processes: what each block needs, by the name of its function.
        streams: bits of one packet of each stream, by its name.
    """

    messages: tuple[str, ...]
    processes: Mapping[str, Process]
    streams: Mapping[str, int]


def check_project(files: Mapping[str, str], top: str) -> Findings:
    """Check the files of a project (path to text), the function ``top`` in ``firmware/<top>.cpp`` as its hardware."""
    return check_text(files, f"firmware/{top}.cpp", top)


def check_text(files: Mapping[str, str], main: str, top: str) -> Findings:
    """The same for any file."""
    messages = [
        message
        for path, text in files.items()
        if path.endswith((".h", ".cpp"))
        for pragma in pragmas_of(path, text)
        for message in text_findings(pragma)
    ]
    forget_types()
    source = parse(files, main)
    if source.errors:
        return Findings((*messages, *source.errors), {}, {})
    messages += place_findings(source)
    elaboration = Elaboration(source)
    elaboration.run(top)
    messages += dict.fromkeys(elaboration.findings)
    processes = {process.name: process for process in elaboration.processes}
    return Findings(tuple(dict.fromkeys(messages)), processes, elaboration.streams)
