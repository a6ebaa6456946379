"""Nothing of a saved model is built that is not known to be harmless, whichever reader it is for."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_files import change_config

from hlsq.converters.keras import load_model_file
from hlsq.errors import HlsqError, ModelFileError

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning"),
]
ARCHIVES = Path(__file__).parent / "archives"
Edit = Callable[[dict[str, Any]], None]
READERS = [f"{package}{suffix}" for package in ("keras", "tf_keras", "qkeras") for suffix in (".keras", ".h5", ".json")]
READERS += ["archive.keras", "archive.h5", "archive.json"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a compiled model in it, saved for every reader; those of QKeras 0.9 as they are stored."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("keras", "tf_keras", "qkeras"):
        k = importlib.import_module("keras" if name == "qkeras" else name)
        dense = importlib.import_module("qkeras").QDense if name == "qkeras" else k.layers.Dense
        inner = k.Sequential([k.Input((4,)), dense(4)], name="inner")
        inner.compile("sgd", "mse")
        model = k.Sequential([k.Input((4,)), inner, dense(2, name="d")])
        for suffix in (".keras", ".h5"):
            model.save(folder / f"{name}{suffix}")
        (folder / f"{name}.json").write_text(model.to_json())
        model.save_weights(folder / f"{name}.weights.h5")
    for suffix in (".keras", ".h5", ".json", ".weights.h5"):
        shutil.copy(ARCHIVES / f"residual{suffix}", folder / f"archive{suffix}")
    return folder


@pytest.fixture
def load(files: Path, tmp_path: Path) -> Callable[[str, Edit], Any]:
    """Load the file of a reader after a change to its configuration."""

    def load(reader: str, edit: Edit) -> Any:
        path = Path(shutil.copy(files / reader, tmp_path))
        change_config(path, edit)
        return load_model_file(path, files / f"{path.stem}.weights.h5" if path.suffix == ".json" else None)

    return load


def thing(class_name: Any, module: Any = None, config: Any = None, **more: Any) -> dict[str, Any]:
    """An object as configurations hold it."""
    place = {} if module is None else {"module": module, "registered_name": None}
    return {"class_name": class_name, "config": {} if config is None else config, **place, **more}


def last_layer(config: dict[str, Any]) -> dict[str, Any]:
    layer = config["config"]["layers"][-1]
    assert isinstance(layer, dict)
    return layer


def places(what: Any) -> Iterator[tuple[str, Edit]]:
    """Changes that put ``what`` anywhere in a configuration where Keras makes objects of what it finds."""

    def option(**options: Any) -> Edit:
        return lambda config: last_layer(config)["config"].update(options)

    def beside(**parts: Any) -> Edit:
        return lambda config: last_layer(config).update(parts)

    yield "layer", lambda config: config["config"]["layers"].append(what)
    yield "activation", option(activation=what)
    yield "initializer", option(kernel_initializer=what)
    yield "regularizer", option(bias_regularizer=what)
    yield "constraint", option(kernel_constraint=what)
    yield "type", option(dtype=what)
    yield "quantizer", option(kernel_quantizer=what)
    yield "list", option(units=[{"deep": [what]}])
    yield "inside another object", option(bias_initializer=thing("GlorotUniform", "keras.initializers", {"seed": what}))
    yield "building", beside(build_config={"input_shape": what})
    yield "call", beside(inbound_nodes=[{"args": [what], "kwargs": {}}])
    yield "compilation", lambda config: config["config"]["layers"][1].update(compile_config={"loss": what})


HOSTILE: dict[str, dict[str, Any]] = {
    "module of one's own": thing("Dense", "intruder"),
    "module of the standard library": thing("Popen", "subprocess", {"args": "touch ran"}),
    "registered name": thing("Dense", "keras.layers", registered_name="intruder>Dense"),
    "class with package": thing("intruder>Dense"),
    "lambda": thing("__lambda__", config={"value": "gASVAAAA"}),
    "Lambda": thing("Lambda", "keras.layers", {"function": "os.system"}),
    "function": thing("function", "os", "system", registered_name="system"),
    "function of Keras": thing("function", "keras.utils", "get_file", registered_name="get_file"),
    "type": thing("__typespec__", "subprocess", [], spec_name="Popen"),
    "TypeSpec": thing("TypeSpec", type_spec="tf.TensorSpec", serialized=[]),
    "numpy": thing("__numpy__", config={"value": [1], "dtype": "O"}),
    "torch": thing("TorchModuleWrapper", "keras.layers", {"module": "x"}),
    "a layer that reads files": thing("StringLookup", "keras.layers", {"vocabulary": "/etc/passwd"}),
    "the same without its module": thing("StringLookup", config={"vocabulary": "/etc/passwd"}),
    "a function as a class": thing("load_model", "keras.models"),
    "callback": thing("ModelCheckpoint", "keras.callbacks", {"filepath": "ran"}),
    "class of another part": thing("StringLookup", "keras.initializers"),
    "module that is no text": thing("Dense", ["keras"]),
    "class that is no text": thing(["Dense"], "keras.layers"),
}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the module ``intruder`` makes when it is imported, or a file that commands make."""
    (tmp_path / "intruder.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ran"


def was_refused(message: str) -> bool:
    """Whether Keras never saw it."""
    refusals = ("custom object", "would run code", "may not name", "no such layer is converted", "names no quantizer")
    return any(text in message for text in refusals)


@pytest.mark.parametrize("reader", READERS)
def test_nothing_unknown_is_built(reader: str, load: Any, ran: Path) -> None:
    for first, (what, hostile) in enumerate(HOSTILE.items()):
        # Not everything everywhere, but each of them in three places, and each place with several of them.
        for place, edit in list(places(hostile))[first % 4 :: 4]:
            with pytest.raises(HlsqError) as caught:
                load(reader, edit)
            assert was_refused(str(caught.value)), (what, place, str(caught.value))
            assert not ran.exists(), (what, place)


@pytest.mark.parametrize("reader", [r for r in READERS if r.startswith(("qkeras", "archive"))])
def test_texts_that_qkeras_would_call_are_checked_wherever_they_stand(reader: str, load: Any, ran: Path) -> None:
    text = "__import__('intruder')"
    hidden = thing("QDense", config={"units": 1, "kernel_quantizer": text})
    quantizer = thing("QInitializer", config={"initializer": "zeros", "quantizer": text, "use_scale": False})
    for place, edit in [*places(hidden), *list(places(quantizer))[1:]]:
        with pytest.raises(HlsqError) as caught:
            load(reader, edit)
        assert "names no quantizer" in str(caught.value), (place, str(caught.value))
    assert not ran.exists()


@pytest.mark.parametrize("reader", READERS)
def test_the_files_themselves_load(reader: str, load: Any) -> None:
    assert load(reader, lambda config: None).layers


@pytest.mark.parametrize("reader", [r for r in READERS if r.endswith(".json")])
def test_weights_of_another_model_are_said_to_be_that(reader: str, files: Path, tmp_path: Path) -> None:
    import keras

    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((7,)), keras.layers.Dense(3), keras.layers.Dense(5)]).save_weights(other)
    with pytest.raises(ModelFileError, match=rf"{other} and {files / reader} belong to different models \(.+\); name"):
        load_model_file(files / reader, other)
