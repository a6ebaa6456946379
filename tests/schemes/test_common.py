"""What holds for every scheme: names, options, which tensor gets a format, integers close to the reals."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.errors import CalibrationError, OptionError
from hlsq.formats import Affine, FixedPoint
from hlsq.graph import Activation, Block, ChannelScale, Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Identity
from hlsq.plan import Plan
from hlsq.schemes import get_scheme, run_scheme, scheme_names

Samples = Mapping[str, NDArray[np.float64]]

ALL: list[tuple[str, dict[str, Any]]] = [
    (name, {**extra, "per_channel": per_channel, "batch_norm": batch_norm})
    for name, extra in [
        ("quant8", {}),
        ("quant8", {"calibration_method": "percentile", "calibration_options": {"p": 99.9}}),
        ("doubleq", {}),
        ("doubleq", {"last_layer": "doubleq"}),
        ("fixed", {"bias_width": 16}),
        ("fixed", {"weight_width": 16, "activation_width": 16, "rounding": "half_even"}),
    ]
    for per_channel in (False, True)
    for batch_norm in ("fold", "refine")
]


def relative_error(graph: Graph, plan: Plan, samples: Samples) -> dict[str, float]:
    """Root mean square error of every output, in parts of the output's own deviation."""
    quantized = quantize_graph(graph, plan)
    outputs = Emulator(quantized).run(samples).outputs
    real = run_float(graph, {name: x.astype(np.float32) for name, x in samples.items()})
    errors = {}
    for name, values in real.items():
        error = quantized.by_name[name].format.dequantize(outputs[name].astype(np.int64)) - values
        errors[name] = float(np.sqrt(np.mean(np.square(error))) / values.std())
    return errors


def test_names() -> None:
    assert {"doubleq", "doubleq_ef", "fixed", "quant8"} <= set(scheme_names())
    for name in scheme_names():
        assert get_scheme(name).name == name
        assert get_scheme(name).__doc__


def test_every_option_is_documented() -> None:
    for name in scheme_names():
        cls = get_scheme(name)
        for option in cls.option_names():
            assert f"\n        {option}: " in (cls.__doc__ or ""), (name, option)


@pytest.mark.parametrize(("name", "options"), ALL)
def test_integers_come_close_to_the_reals(zoo: Graph, samples: Samples, name: str, options: dict[str, Any]) -> None:
    errors = relative_error(zoo, run_scheme(name, zoo, samples, **options), samples)
    bound = 0.6 if name == "doubleq" else 0.002 if options.get("weight_width") == 16 else 0.12
    assert max(errors.values()) < bound, errors


def test_a_wrong_plan_is_far_off(zoo: Graph, samples: Samples) -> None:
    """The comparison above must be able to fail."""
    plan = run_scheme("quant8", zoo, samples)
    coarse = plan.with_block("hidden", output=Affine(8, 50.0, signed=False))
    assert max(relative_error(zoo, coarse, samples).values()) > 0.6


@pytest.mark.parametrize("name", ["quant8", "doubleq", "fixed"])
def test_which_tensors_get_a_format(zoo: Graph, samples: Samples, name: str) -> None:
    plan = run_scheme(name, zoo, samples)
    assert set(plan.inputs) == {"image", "extra"}
    outputs = {block for block, formats in plan.blocks.items() if formats.output is not None}
    # "fc" returns its accumulator; "pad", "max" and "flat" keep their input's format; "side" ends in a ReLU.
    assert outputs == {"conv", "gain", "deep", "add", "both", "mean", "hidden", "side"}
    weights = {block for block, formats in plan.blocks.items() if formats.weight is not None}
    assert weights == {"conv", "gain", "deep", "hidden", "fc", "side"}
    signed = {block for block in outputs if plan.blocks[block].output.signed}  # type: ignore[union-attr]
    assert signed == {"gain", "both", "mean"}
    assert plan.inputs["image"].signed  # type: ignore[attr-defined]
    assert not plan.inputs["extra"].signed  # type: ignore[attr-defined]


def test_a_block_that_others_read_is_no_raw_output(zoo: Graph, samples: Samples) -> None:
    graph = replace(zoo, outputs=("fc", "hidden", "gain", "both"))
    plan = run_scheme("quant8", graph, samples)
    assert [n for n in graph.outputs if plan.blocks[n].output is None] == ["fc"]
    quantize_graph(graph, plan)


@pytest.mark.parametrize(("name", "options"), ALL[::3])
def test_plan_tells_its_reader_and_survives_json(
    zoo: Graph, samples: Samples, name: str, options: dict[str, Any], tmp_path: Any
) -> None:
    plan = run_scheme(name, zoo, samples, **options)
    assert plan.scheme == name
    assert plan.batch_norm == options["batch_norm"]
    assert plan.options.items() >= options.items()
    assert plan.info["calibration"]["samples"] == 40
    assert plan.info["calibration"]["method"] == plan.options["calibration_method"]
    plan.save(tmp_path / "plan.json")
    loaded = Plan.load(tmp_path / "plan.json")
    assert loaded.to_dict() == json.loads(json.dumps(plan.to_dict()))
    assert dict(loaded.blocks) == dict(plan.blocks)
    again = run_scheme(name, zoo, samples, **loaded.options)
    assert again.to_dict() == plan.to_dict(), "a plan's options make the same plan again"


@pytest.mark.parametrize("name", ["quant8", "doubleq", "fixed"])
def test_neither_order_nor_batch_size_changes_the_plan(zoo: Graph, samples: Samples, name: str) -> None:
    first = run_scheme(name, zoo, samples, calibration_method="mse")
    reverse = {key: x[::-1] for key, x in samples.items()}
    second = run_scheme(name, zoo, reverse, calibration_method="mse", batch_size=7)
    assert (second.blocks, second.inputs) == (first.blocks, first.inputs)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("name", ["quant8", "doubleq", "fixed"])
def test_weights_and_tensors_of_nothing_but_zeros(zoo: Graph, samples: Samples, name: str, per_channel: bool) -> None:
    dead = {"conv", "hidden", "gain"}
    blocks = tuple(
        replace(b, kernel=b.kernel * 0.0, bias=None, scale=None) if b.name in dead and b.kernel is not None else b
        for b in zoo.blocks
    )
    graph = replace(zoo, blocks=blocks)
    data = {**samples, "image": samples["image"] * 0}
    plan = run_scheme(name, graph, data, per_channel=per_channel)
    quantized = quantize_graph(graph, plan)
    assert not np.any(quantized.by_name["conv"].weights.values) or name == "fixed"  # type: ignore[union-attr]
    result = Emulator(quantized).run(samples)
    real = run_float(graph, {n: x.astype(np.float32) for n, x in samples.items()})["fc"]
    assert np.allclose(quantized.by_name["fc"].format.dequantize(result.outputs["fc"]), real, atol=0.05)


@pytest.mark.parametrize("name", ["quant8", "doubleq", "fixed"])
def test_a_dead_batch_norm_channel_does_not_widen_the_accumulator(zoo: Graph, samples: Samples, name: str) -> None:
    conv = zoo.by_name["conv"]
    assert conv.scale is not None
    gain = conv.scale.multiplier.copy()
    gain[1] = 1e-12
    dead = replace(conv, scale=ChannelScale(gain, conv.scale.shift + 3.0))
    graph = replace(zoo, blocks=tuple(dead if b.name == "conv" else b for b in zoo.blocks))
    quantized = quantize_graph(graph, run_scheme(name, graph, samples, per_channel=True))
    assert quantized.by_name["conv"].accumulator.width <= 28


def test_identity_and_quantised_input_as_outputs(zoo: Graph, samples: Samples) -> None:
    tail = Block("tail", Identity(), ("fc",), activation=Activation(relu=True))
    graph = replace(zoo, blocks=(*zoo.blocks, tail), outputs=("tail",))
    plan = run_scheme("quant8", graph, samples)
    assert plan.blocks["fc"].output is not None
    assert plan.blocks["tail"].output is not None
    quantize_graph(graph, plan)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("quant16", {}, "scheme: 'quant16' is unknown; valid: doubleq, "),
        (
            "quant8",
            {"bits": 8},
            "scheme 'quant8', option: 'bits' is unknown; valid: batch_norm, batch_size, calibration",
        ),
        ("quant8", {"last_layer": "quant8"}, "'last_layer' is unknown"),
        ("quant8", {"per_channel": 1}, "per_channel is 1; allowed: True, False"),
        ("quant8", {"batch_norm": "none"}, "batch_norm is 'none'; allowed: 'fold', 'refine'"),
        ("quant8", {"batch_size": 0}, "batch_size is 0; allowed: a whole number from 1"),
        ("quant8", {"calibration_method": "kl"}, "calibration method: 'kl' is unknown; valid: entropy, minmax"),
        ("quant8", {"calibration_method": "percentile", "calibration_options": {"p": 3}}, "p is 3"),
        ("quant8", {"calibration_options": {"p": 99}}, "'p' is unknown"),
        ("quant8", {"calibration_options": 99}, "calibration_options is 99; allowed: a dict"),
        ("doubleq", {"last_layer": "float"}, "last_layer is 'float'; allowed: 'quant8', 'doubleq'"),
        ("fixed", {"weight_width": 0}, "weight_width is 0; allowed: a whole number from 1 to 16"),
        ("fixed", {"weight_width": 17}, "weight_width is 17"),
        ("fixed", {"activation_width": 8.0}, "activation_width is 8.0"),
        ("fixed", {"bias_width": 1}, "bias_width is 1; allowed: a whole number from 2 to 32, or None"),
        ("fixed", {"weight_range": "percentile"}, "weight_range is 'percentile'; allowed: 'mse', 'minmax'"),
        ("fixed", {"rounding": "up"}, "rounding is 'up'; allowed: 'half_even', 'half_up'"),
        ("fixed", {"unsigned": None}, "unsigned is None"),
        ("fixed", {"widths": [4, 4]}, "widths is .* allowed: a dict"),
        ("fixed", {"widths": {"conv": 4}}, r"widths\['conv'\] is 4; allowed: \(weight width, output width\)"),
        ("fixed", {"widths": {"conv": (4, 17)}}, r"widths\['conv'\] is \(4, 17\)"),
        ("fixed", {"widths": {"conf": (4, 4)}}, "name in widths: 'conf' is unknown; valid: add, both, conv"),
        ("fixed", {"widths": {"add": (4, 4)}}, "'add' has no weights"),
        ("fixed", {"widths": {"image": (4, 4)}}, "'image' has no weights"),
    ],
)
def test_wrong_options(zoo: Graph, samples: Samples, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run_scheme(name, zoo, samples, **options)


def test_wrong_samples(zoo: Graph, samples: Samples) -> None:
    with pytest.raises(CalibrationError, match=r"'image' has shape \[40, 4\]; expected \[samples, 8, 8, 3\]"):
        run_scheme("quant8", zoo, {"image": samples["extra"], "extra": samples["extra"]})
    with pytest.raises(CalibrationError, match="no samples"):
        run_scheme("fixed", zoo, {name: x[:0] for name, x in samples.items()})


def test_formats_of_fixed_are_fixed_point(zoo: Graph, samples: Samples) -> None:
    plan = run_scheme("fixed", zoo, samples)
    for formats in plan.blocks.values():
        for fmt in (formats.weight, formats.output):
            assert fmt is None or isinstance(fmt, FixedPoint)
