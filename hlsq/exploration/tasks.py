"""What an exploration computes: plans, what does not depend on the target, designs. Each is work for one worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from hlsq.api import make_plan
from hlsq.cost.estimate.words import over
from hlsq.emulate.emulator import Emulator
from hlsq.errors import OptionError, ResourceError
from hlsq.exploration.plans import Source
from hlsq.graph import Graph, QuantizedGraph
from hlsq.memory import measure
from hlsq.plan import Plan
from hlsq.schemes.evaluation import Evaluation


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as a file has it."""
    content: dict[str, Any] = json.loads(plan.to_json())
    return content


def plan_of(
    graph: Graph, source: Source, calibration: Any, given: Mapping[str, Any], progress: bool | None = False
) -> Plan:
    """The plan that ``source`` makes; ``given`` is what its scheme gets besides its own options."""
    return make_plan(graph, source.scheme, calibration, progress, {**source.options, **given})


def measure_of(quantized: QuantizedGraph, judged: Evaluation | None, threads: int | None) -> dict[str, Any]:
    """What does not depend on the target."""
    bits = measure(quantized).weights.after
    if judged is None:
        return {"accuracy": None, "weight_bits": bits}
    outputs = Emulator(quantized, threads=threads).run(judged.inputs, progress=False).outputs
    real = {name: quantized.formats[name].dequantize(values).astype(np.float32) for name, values in outputs.items()}
    loss = judged.scoring.loss(real, np.arange(judged.samples))
    return {"accuracy": judged.scoring.value(loss), "weight_bits": bits}


def design_of(quantized: QuantizedGraph, options: Any) -> dict[str, Any]:
    """What one design costs; why there is none, if there is none."""
    from hlsq.backends.vitis.designs import make_design

    try:
        design = make_design(quantized, options)
        found = design.estimate
    except (ResourceError, OptionError) as error:  # the latter for a reuse factor or sums that a network cannot have
        return {"fits": False, "reason": str(error)}
    names = ("pes", "lut", "ff", "dsp", "bram18", "uram", "interval", "latency", "fps", "useful", "fits")
    return {name: getattr(found, name) for name in names} | {"over": over(found), "pace": design.pace_in_words}
