"""hls4ml decides by the backend's name: it must be told the same of HLSQ as of Vitis, wherever it asks."""

import ast
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hls4ml
import pytest
import yaml
from hls4ml.backends import get_backend

HLS4ML = Path(hls4ml.__file__).parent


def comparisons_of_backends() -> Iterator[tuple[str, ast.Compare]]:
    """Where hls4ml compares something called backend with constants; a registry is no constant."""
    for file in sorted(HLS4ML.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and "backend" in ast.unparse(node.left).lower():
                try:
                    constants = ast.literal_eval(node.comparators[0])
                except ValueError:
                    continue
                if constants is not None:
                    yield f"{file.relative_to(HLS4ML)}:{node.lineno}", node


def answers(name: str) -> dict[str, list[object]]:
    """Every comparison for a backend of that name, as it is and in small letters."""
    found = {}
    for where, comparison in comparisons_of_backends():
        question = ast.Expression(ast.Compare(ast.Name("name", ast.Load()), comparison.ops, comparison.comparators))
        code = compile(ast.fix_missing_locations(question), where, "eval")
        found[where] = [eval(code, {"name": asked}) for asked in (name, name.lower())]
    return found


@pytest.mark.slow(4)
def test_hls4ml_is_told_the_same_of_hlsq_as_of_vitis() -> None:
    assert answers(get_backend("HLSQ").name) == answers("Vitis")
    # Of the plain string hls4ml thinks otherwise: the name's class is there for something.
    assert answers("HLSQ") != answers("Vitis")


@pytest.mark.parametrize("name", [get_backend("HLSQ").name, get_backend("HLSQ").name.lower()])
def test_the_name_is_equal_to_itself_and_to_vitis_and_to_nothing_else(name: str) -> None:
    plain, vitis, vivado = str.__str__(name), "Vitis", "Vivado"
    if plain.islower():
        vitis, vivado = vitis.lower(), vivado.lower()
    for other in (plain, vitis):
        assert name == other
        assert other == name
        assert (name != other) is False
        assert (other != name) is False
        assert other in [name]
        assert name in (vivado, other)
    for stranger in (vivado, vitis.swapcase(), "", 1, None):
        assert name != stranger
        assert stranger != name
        assert name not in [stranger]


def test_registries_have_both_backends() -> None:
    name = get_backend("HLSQ").name
    assert {"Vitis": 1, name: 2} == {"Vitis": 1, "HLSQ": 2}
    assert get_backend(name) is get_backend("HLSQ")
    assert get_backend("Vitis") is not get_backend("HLSQ")


class LaterDumper(yaml.SafeDumper):
    """Made after the name was registered."""


# Those of C are there only where PyYAML was built with libyaml.
DUMPERS = [getattr(yaml, name) for name in ("Dumper", "SafeDumper", "CDumper", "CSafeDumper") if hasattr(yaml, name)]


@pytest.mark.parametrize("dumper", [*DUMPERS, LaterDumper], ids=lambda dumper: dumper.__name__)
def test_yaml_files_have_the_plain_name(dumper: Any) -> None:
    name = get_backend("HLSQ").name
    for asked, plain in ((name, "HLSQ"), (name.lower(), "hlsq")):
        written = yaml.dump({"Backend": asked}, Dumper=dumper)
        assert written == f"Backend: {plain}\n"
        assert type(yaml.safe_load(written)["Backend"]) is str


def test_configurations_that_hls4ml_writes_have_the_plain_name() -> None:
    config = hls4ml.converters.create_config(backend="HLSQ") | {"Backend": get_backend("HLSQ").name}
    for written in (yaml.dump(config), yaml.safe_dump(config)):
        assert yaml.safe_load(written)["Backend"] == "HLSQ"
    assert json.loads(json.dumps(config))["Backend"] == "HLSQ"
    assert f"{config['Backend']}" == "HLSQ"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda name: pickle.loads(pickle.dumps(name))])
def test_a_copy_is_still_taken_for_vitis(copied: Callable[[str], str]) -> None:
    name = copied(get_backend("HLSQ").name)
    assert name == "Vitis"
    assert str(name) == "HLSQ"
