"""The format of a QKeras model's inputs: given by the user, or the model's own, and never another than that."""

from __future__ import annotations

import re
from typing import Any

import keras
import pytest
import qkeras
from keras import layers

import hlsq.quantizers as hq
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.errors import OptionError
from hlsq.formats import FixedPoint, Format, Rounding

OWN = FixedPoint(8, 5)
PO2 = hq.power_of_two(scale=2**-7)


def dense(name: str = "d") -> qkeras.QDense:
    return qkeras.QDense(3, kernel_quantizer=PO2, name=name)


def act(fmt: FixedPoint = OWN, name: str = "a") -> qkeras.QActivation:
    return qkeras.QActivation(hq.fixed_point(fmt.width, fmt.frac), name=name)


def quantised_first(*before: Any, shape: tuple[int, ...] = (6,)) -> keras.Model:
    return keras.Sequential([keras.Input(shape, name="image"), *before, act(), layers.Flatten(), dense()])


def open_model() -> keras.Model:
    return keras.Sequential([keras.Input((6,), name="image"), dense()])


def two_formats() -> keras.Model:
    x = keras.Input((6,), name="image")
    return keras.Model(x, [dense(f"d{i}")(act(FixedPoint(8, i), f"a{i}")(x)) for i in range(2)])


def two_inputs() -> keras.Model:
    image, extra = keras.Input((6,), name="image"), keras.Input((6,), name="extra")
    return keras.Model([image, extra], [dense("d0")(act()(image)), dense("d1")(extra)])


OTHERS = [
    FixedPoint(4, 2),  # coarser
    FixedPoint(16, 12),  # finer: rounding to it first moves values onto ties
    FixedPoint(8, 5, signed=False),
    FixedPoint(8, 5, rounding=Rounding.HALF_UP),
]


@pytest.mark.parametrize("fmt", OTHERS, ids=str)
@pytest.mark.parametrize("by_name", [False, True])
def test_another_format_than_the_models_own_is_refused(fmt: Format, by_name: bool) -> None:
    message = re.escape(
        f"input_format of input 'image' is {fmt}, but the model itself quantises this input to {OWN} (layer 'a')"
    )
    with pytest.raises(OptionError, match=message):
        from_qkeras(quantised_first(), input_format={"image": fmt} if by_name else fmt)


@pytest.mark.parametrize("before", [layers.MaxPooling2D, layers.ZeroPadding2D, lambda: layers.Reshape((3, 4, 4))])
def test_nor_where_values_are_moved_before_it(before: Any) -> None:
    with pytest.raises(OptionError, match=r"input 'image' is .*itself quantises this input .*layer 'a'"):
        from_qkeras(quantised_first(before(), shape=(4, 4, 3)), input_format=FixedPoint(8, 4))


def test_the_models_own_format_may_be_given_too() -> None:
    for given in (None, OWN, {"image": OWN}):
        graph, plan = from_qkeras(quantised_first(), input_format=given)
        assert plan.inputs == {"image": OWN}
        assert "a" not in graph.by_name


def test_a_format_is_needed_where_the_model_has_none_or_several() -> None:
    _, plan = from_qkeras(open_model(), input_format=FixedPoint(8, 6))
    assert plan.inputs == {"image": FixedPoint(8, 6)}
    graph, plan = from_qkeras(two_formats(), input_format={"image": FixedPoint(12, 6)})
    assert plan.inputs == {"image": FixedPoint(12, 6)}
    assert {"a0", "a1"} <= set(graph.by_name)


def test_one_format_for_all_is_for_the_inputs_without() -> None:
    _, plan = from_qkeras(two_inputs(), input_format=FixedPoint(8, 6))
    assert plan.inputs == {"image": OWN, "extra": FixedPoint(8, 6)}
    _, plan = from_qkeras(two_inputs(), input_format={"extra": FixedPoint(8, 6), "image": OWN})
    assert plan.inputs == {"image": OWN, "extra": FixedPoint(8, 6)}
    with pytest.raises(OptionError, match="input_format of input 'image'"):
        from_qkeras(two_inputs(), input_format={"extra": FixedPoint(8, 6), "image": FixedPoint(8, 6)})


def test_unknown_inputs_are_refused() -> None:
    with pytest.raises(OptionError, match="'picture' is unknown; valid: image"):
        from_qkeras(open_model(), input_format={"picture": FixedPoint(8, 6)})
