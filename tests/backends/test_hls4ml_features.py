"""What hls4ml offers beside plain conversion: it works on HLSQ as it does on Vitis."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hls4ml
import keras
import numpy as np
import pytest
from hls4ml.backends import get_backend
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model import ModelGraph, to_multi_model_graph
from hls4ml.model.layers import Layer, layer_map, register_layer
from hls4ml.model.optimizer.optimizer import optimizer_map
from hls4ml.model.optimizer.passes.hgq_proxy_model import FixedPointQuantizer

pytestmark = [pytest.mark.csim, pytest.mark.slow(4), pytest.mark.filterwarnings("ignore")]

BACKENDS = ("Vitis", "HLSQ")
SAMPLES = np.round(np.random.default_rng(3).uniform(-2, 2, (20, 8)) * 64) / 64


def dense_model() -> keras.Model:
    """Three layers that can be told apart, with weights and inputs on the grid of ``ap_fixed<24, 8>``."""
    layers = [keras.layers.Dense(width, name=name) for width, name in ((12, "first"), (6, "second"), (4, "third"))]
    model = keras.Sequential([keras.Input((8,)), *layers])
    rng = np.random.default_rng(4)
    model.set_weights([np.round(rng.normal(size=w.shape) * 64) / 64 for w in model.get_weights()])
    return model


def converted(backend: str, folder: Path, **options: Any) -> ModelGraph:
    """``dense_model`` through hls4ml."""
    hls_config = {"Model": {"Precision": "ap_fixed<24,8>", "ReuseFactor": 1, **options}}
    return hls4ml.converters.convert_from_keras_model(
        dense_model(), hls_config=hls_config, backend=backend, output_dir=str(folder / backend)
    )


def simulated(model: Any, samples: np.ndarray = SAMPLES) -> np.ndarray:
    model.compile()
    return np.asarray(model.predict(np.ascontiguousarray(samples)))


def assert_right(results: dict[str, np.ndarray]) -> None:
    """Equal to each other, and to Keras but for what the accumulators truncate."""
    assert np.array_equal(results["HLSQ"], results["Vitis"])
    np.testing.assert_allclose(results["HLSQ"], dense_model()(SAMPLES), atol=1e-2)


def test_resource_unrolled_dense_layers(tmp_path: Path) -> None:
    results = {}
    for backend in BACKENDS:
        model = converted(backend, tmp_path, Strategy="resource_unrolled", ReuseFactor=4)
        assert model.graph["first"].get_attr("strategy") == "resource_unrolled"
        results[backend] = simulated(model)
    assert_right(results)
    weights_in_bram = "BIND_STORAGE variable=weights type=ROM_NP impl=BRAM"  # what Vitis understands, not Vivado
    assert weights_in_bram in "".join(p.read_text() for p in (tmp_path / "HLSQ" / "firmware").rglob("*.h"))
    linked = hls4ml.converters.link_existing_project(tmp_path / "HLSQ")
    assert linked.config.backend is get_backend("HLSQ")


def test_a_model_in_parts(tmp_path: Path) -> None:
    whole = converted("HLSQ", tmp_path, Strategy="resource_unrolled", ReuseFactor=4)
    expected = simulated(whole)
    parts = to_multi_model_graph(whole, ["second", "third"])
    assert len(parts.graphs) == 3
    assert np.array_equal(simulated(parts), expected)


def layers_of(backend: str, folder: Path, *layers: dict[str, Any], **options: Any) -> ModelGraph:
    """A model without Keras; the backend is given by a plain string, as a configuration file does."""
    config = {
        "Backend": backend,
        "OutputDir": str(folder / backend),
        "ProjectName": "myproject",
        "Part": "xc7a100tcsg324-1",
        "ClockPeriod": 5,
        "IOType": "io_parallel",
        "HLSConfig": {"Model": {"Precision": "ap_fixed<24,8>", "ReuseFactor": 1, **options}},
    }
    first = {"class_name": "InputLayer", "name": "samples", "input_shape": [8]}
    return ModelGraph.from_layer_list(config, [first, *layers])


@pytest.mark.parametrize("strategy", ["resource_unrolled", "distributed_arithmetic"])
def test_strategies_of_a_configuration_with_plain_names(tmp_path: Path, strategy: str) -> None:
    if strategy == "distributed_arithmetic":
        pytest.importorskip("da4ml", reason="da4ml, which hls4ml's distributed arithmetic needs, is not installed")
    weights = np.round(np.random.default_rng(5).normal(size=(8, 4)) * 64) / 64
    dense = {
        "class_name": "Dense",
        "name": "dense",
        "n_in": 8,
        "n_out": 4,
        "weight_data": weights,
        "bias_data": np.ones(4),
    }
    model = layers_of("HLSQ", tmp_path, dense, Strategy=strategy, ReuseFactor=4)
    assert np.array_equal(simulated(model), SAMPLES @ weights + 1)


def test_heterogeneous_quantizers_of_hgq(tmp_path: Path) -> None:
    """The layer that hls4ml makes of an HGQ model's quantizers: every element has a format of its own."""
    signs, bits, integers = np.ones((1, 8), int), np.array([[3, 4, 5, 6, 7, 8, 0, 4]]), np.full((1, 8), 2)
    quantizer = {
        "class_name": FixedPointQuantizer.__name__,
        "name": "quantizer",
        "mask_kbi": (signs, bits, integers),
        "RND": "RND",
        "SAT": "SAT",
        "overrides": {},
        "fusible": False,
    }
    step = 2.0 ** (integers - bits)
    expected = np.clip(np.floor(SAMPLES / step + 0.5) * step, -2, 2 - step) * (bits > 0)
    assert np.array_equal(simulated(layers_of("HLSQ", tmp_path, quantizer)), expected)


class Scaled(Layer):
    """A layer of a user's: multiplies by a constant of its template."""

    def initialize(self) -> None:
        self.add_output_variable(self.get_input_variable().shape)


class ScaledConfig(LayerConfigTemplate):
    def __init__(self) -> None:
        super().__init__(Scaled)

    def format(self, node: Any) -> str:
        return f"struct config{node.index} {{ static const unsigned n_in = {node.get_input_variable().size()}; }};\n"


class ScaledCall(FunctionCallTemplate):
    factor = 3

    def __init__(self) -> None:
        super().__init__(Scaled, include_header=["nnet_utils/nnet_scaled.h"])

    def format(self, node: Any) -> str:
        params = self._default_function_params(node)
        return "nnet::scaled<{input_t}, {output_t}, {config}, FACTOR>({input}, {output});".replace(
            "FACTOR", str(self.factor)
        ).format(**params)


class ScaledByTwo(ScaledCall):
    factor = 2


SCALED_HEADER = """
#ifndef NNET_SCALED_H_
#define NNET_SCALED_H_
namespace nnet {
template <class data_T, class res_T, typename CONFIG_T, int FACTOR>
void scaled(data_T data[CONFIG_T::n_in], res_T result[CONFIG_T::n_in]) {
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) result[i] = FACTOR * data[i];
}
}
#endif
"""


@pytest.fixture
def extend(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """``extend(backend, *templates)``: what a user does to add the layer; undone afterwards."""
    header = tmp_path / "nnet_scaled.h"
    header.write_text(SCALED_HEADER)
    passes, sources = set(optimizer_map), {b: dict(get_backend(b).custom_source) for b in BACKENDS}
    register_layer("Scaled", Scaled)

    def register(backend: str, *templates: type) -> None:
        for template in templates:
            get_backend(backend).register_template(template)
        get_backend(backend).register_source(header)

    yield register
    del layer_map["Scaled"]
    for name in set(optimizer_map) - passes:
        del optimizer_map[name]
    for name in BACKENDS:
        get_backend(name).custom_source = sources[name]


def scaled_layers() -> list[dict[str, Any]]:
    return [{"class_name": "Scaled", "name": name} for name in ("one", "two", "three")]


def test_a_layer_registered_for_the_backend(tmp_path: Path, extend: Callable[..., None]) -> None:
    extend("HLSQ", ScaledConfig, ScaledCall)
    assert np.array_equal(simulated(layers_of("HLSQ", tmp_path, *scaled_layers())), 27 * SAMPLES)


def test_a_layer_registered_for_vitis(tmp_path: Path, extend: Callable[..., None]) -> None:
    extend("Vitis", ScaledConfig, ScaledCall)
    assert np.array_equal(simulated(layers_of("HLSQ", tmp_path, *scaled_layers())), 27 * SAMPLES)


def test_what_is_registered_for_the_backend_precedes_what_is_for_vitis(
    tmp_path: Path, extend: Callable[..., None]
) -> None:
    extend("Vitis", ScaledConfig, ScaledCall)
    extend("HLSQ", ScaledByTwo)
    assert np.array_equal(simulated(layers_of("HLSQ", tmp_path, *scaled_layers())), 8 * SAMPLES)


def test_a_registered_layer_where_a_model_is_parted(tmp_path: Path, extend: Callable[..., None]) -> None:
    extend("HLSQ", ScaledConfig, ScaledCall)
    parts = to_multi_model_graph(layers_of("HLSQ", tmp_path, *scaled_layers()), ["two"])
    assert np.array_equal(simulated(parts), 27 * SAMPLES)


def test_the_fifo_pass_of_the_backend_is_the_one_that_is_configured() -> None:
    """Its options are set at the pass of the backend's name; those of another backend's are for that one."""
    flow = hls4ml.model.flow.get_flow("hlsq:fifo_depth_optimization")
    own = [name for name in flow.optimizers if "fifo" in name]
    assert own == ["hlsq:fifo_depth_optimization"]
    assert optimizer_map[own[0]] is not optimizer_map["vitis:fifo_depth_optimization"]
