"""A report of a network with odd names: text for a terminal, page, JSON."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner
from odd_names import ASCII, HOSTILE, network

import hlsq
from hlsq.cli import main
from hlsq.cli.console import ExplainedCommand
from hlsq.errors import GraphError, OptionError
from hlsq.report import Report

NAMES = ["$\\frac$ $x^2$", "&amp;<b>&#8238;", "<svg onload=alert(1)>", *HOSTILE, ASCII]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hlsq.convert(*network(NAMES), output_dir=tmp_path_factory.mktemp("odd") / "net").output_dir


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return hlsq.load_project(folder).report()


def printable(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_a_terminal_gets_nothing_to_act_on(report: Report, folder: Path) -> None:
    assert printable(str(report))
    assert r"\x1b]0;title\x07\x1b[2J" in str(report)
    for more in ((), ("--json",)):
        result = CliRunner().invoke(main, ["report", str(folder), *more])
        assert result.exit_code == 0
        assert printable(result.output)


@pytest.mark.parametrize("error", [GraphError, OptionError])
def test_an_error_on_a_terminal(error: type[Exception]) -> None:
    @click.command(cls=ExplainedCommand)
    def failing() -> None:
        raise error(f"layer {ASCII} cannot be")

    result = CliRunner().invoke(failing)
    assert result.exit_code == (2 if error is OptionError else 1)
    assert r"\x1b" in result.stderr
    assert printable(result.stderr)


def test_json_keeps_the_names(report: Report) -> None:
    assert [block["name"] for block in json.loads(report.to_json())["blocks"]] == NAMES[2:]


class Tags(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_has_the_elements_of_any_other(report: Report, tmp_path: Path) -> None:
    ordinary = [f"n{i}" for i in range(len(NAMES))]
    pages = report.to_html(), hlsq.convert(*network(ordinary), output_dir=tmp_path / "net").report().to_html()
    odd, plain = Tags(), Tags()
    odd.feed(pages[0])
    plain.feed(pages[1])
    assert odd.tags == plain.tags
    assert not {a for a in odd.attributes if a.startswith("on")}
    assert printable(pages[0])
    assert {"&amp;<b>&#8238;", "<script>alert(1)</script>", r"a\n#error"} <= {text.strip() for text in odd.text}
    for drawing in re.findall("<svg.*?</svg>", pages[0], flags=re.DOTALL):
        ElementTree.fromstring(drawing.replace("xlink:href", "href"))
