"""Text of any characters in every target: nothing but text comes of it."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hlsq.escape import json_text, line_comment, tcl_word, terminal, visible

CHARACTERS = "".join(map(chr, range(256))) + "\u2028\u2029\u202e\u2066\ufeff\ud800日本"


def test_what_does_not_print_is_shown_escaped() -> None:
    assert visible("a\nb\t\x1b[2J\u202e\u2028日本 é\\n\ud800") == r"a\nb\t\x1b[2J\u202e\u2028日本 é\n\ud800"
    assert terminal("one\x07\ntwo\r") == "one\\x07\ntwo\\r"


@given(st.text(st.characters() | st.sampled_from(CHARACTERS)))
def test_visible_text_is_one_line_that_stays(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert shown.splitlines() in ([], [shown])
    assert visible(shown) == shown
    assert shown == text or not text.isprintable()
    assert json.loads(json_text(text)) == text


@pytest.mark.csim
def test_comments_end_with_their_line(tmp_path: Path) -> None:
    """Each comment is followed by a line that the compiler has to see."""
    texts = [*CHARACTERS, *(f"x{end}" for end in ("\\", "??/", "\\\n", "\\ ", "*/", "/*", "\n#error", "\r#error"))]
    lines = [f"// {line_comment(text)}\nint seen{number};" for number, text in enumerate([*texts, CHARACTERS])]
    source = tmp_path / "comments.cpp"
    source.write_text(
        "\n".join([*lines, f"int all = seen{len(texts)};", *(f"int *p{n} = &seen{n};" for n in range(9))])
    )
    subprocess.run(["g++", "-std=c++14", "-trigraphs", "-fsyntax-only", str(source)], check=True)
    code = subprocess.run(["g++", "-std=c++14", "-E", "-P", str(source)], capture_output=True, text=True, check=True)
    assert code.stdout.count("int seen") == len(lines)


def test_tcl_reads_one_word() -> None:
    tcl = pytest.importorskip("tkinter").Tcl()
    for text in (*map(chr, range(1, 256)), "".join(map(chr, range(1, 128))), '[error no]$x{"', "日本", "a]b}c"):
        assert tcl.eval(f"set word {tcl_word(text)}\nset word") == text


def test_lists_of_names_in_errors_are_shown_escaped() -> None:
    from hlsq.errors import OptionError

    assert str(OptionError.unknown("reuse_factor", "x", ["a\x1b[2J", "b"])) == (
        "reuse_factor: 'x' is unknown; valid: a\\x1b[2J, b"
    )
