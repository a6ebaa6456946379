"""The backend class: hls4ml's Vitis backend, and hlsq's own way for quantised networks."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

from hls4ml.backends import VitisBackend, VivadoBackend, get_backend
from hls4ml.model.flow import get_flow, register_flow
from hls4ml.model.optimizer import model_optimizer, optimize_model

from hlsq.backends.vitis.backend_name import BackendName
from hlsq.backends.vitis.build import run_build
from hlsq.backends.vitis.nodes import design_of
from hlsq.backends.vitis.simulation import compile_library

_PREDICTING = threading.Lock()


class HLSQBackend(VitisBackend):
    """hls4ml's own layers take the Vitis backend's flows; a quantised network of hlsq takes none of them."""

    def __init__(self) -> None:
        # VitisBackend's constructor fixes its own name, so it is passed over, as it passes over VivadoBackend's.
        super(VivadoBackend, self).__init__(name=BackendName("HLSQ", frozenset({"Vitis"})))
        self._register_layer_attributes()
        self._register_flows()

    def _register_flows(self) -> None:
        # After hls4ml's templates, so that what is registered for this backend overrides what it has for Vitis.
        templates_flow = register_flow(
            "apply_templates", self._get_layer_templates, requires=["vivado:init_layers"], backend=self.name
        )
        name_flow = register_flow("name", ["hlsq:name_backend"], backend=self.name)
        ip_flows = [name_flow, *get_flow("vitis:ip").requires, templates_flow]
        self._default_flow = register_flow("ip", None, requires=ip_flows, backend=self.name)
        writer_passes = ["hlsq:reapply_templates", "make_stamp", "hlsq:write_hls"]
        self._writer_flow = register_flow("write", writer_passes, requires=["hlsq:ip"], backend=self.name)
        fifo_passes = ["hlsq:fifo_depth_optimization", *writer_passes]
        register_flow("fifo_depth_optimization", fifo_passes, requires=["hlsq:ip"], backend=self.name)

    @model_optimizer()
    def name_backend(self, model: Any) -> bool:
        """Let a configuration that names the backend with a plain string answer as ``self.name`` does."""
        model.config.config["Backend"] = self.name
        return True

    @model_optimizer()
    def reapply_templates(self, model: Any) -> bool:
        """Templates of this backend, for a graph that was taken apart: hls4ml then applies only those of Vitis."""
        optimize_model(model, self._get_layer_templates())
        return True

    def get_custom_source(self) -> dict[str, Path]:
        """Sources that were registered for this backend, and those for Vitis, whose templates are applied as well."""
        return {**get_backend("Vitis").get_custom_source(), **super().get_custom_source()}

    def write(self, model: Any) -> None:
        """Write the project of ``model``."""
        if design_of(model) is None:
            super().write(model)
            return
        model.config.config["Stamp"] = uuid.uuid4().hex[:8]
        self.writer.write_hls(model)

    def compile(self, model: Any) -> str:
        """Build the C simulation of ``model``; returns the shared library.

        Raises:
            ToolNotFoundError: no C++ compiler.
            ToolFailedError: the compiler reported errors.
            GraphError: another network has been converted into the folder meanwhile.
        """
        if (design := design_of(model)) is None:
            return str(super().compile(model))
        stamp = model.config.get_config_value("Stamp")
        return str(compile_library(Path(model.config.get_output_dir()).resolve(), stamp=stamp, design=design))

    def predict(self, model: Any, x: Any) -> Any:
        """hls4ml's own way through the C simulation, for one thread at a time.

        It sets the types of the library's function before every call, which another thread's call would be reading.
        """
        with _PREDICTING:
            return model._predict(x)

    def build(self, model: Any, **options: Any) -> Any:
        """Run Vitis HLS on ``model``; options as hls4ml's (``csim``, ``synth``, ``cosim``, ``export``, ``vsynth``).

        Raises:
            ToolNotFoundError: Vitis HLS is not installed.
            ToolFailedError: Vitis HLS failed.
        """
        if design_of(model) is None:
            return super().build(model, **options)
        return run_build(Path(model.config.get_output_dir()), **options)
