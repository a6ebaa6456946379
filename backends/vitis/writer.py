"""The writer: hlsq's own project for quantised networks, hls4ml's for everything else."""

from __future__ import annotations

from typing import Any

from hls4ml.writer.vitis_writer import VitisWriter

from hlsq.backends.vitis.nodes import design_of
from hlsq.backends.vitis.project import write_project


class HLSQWriter(VitisWriter):
    """Writes a Vitis HLS project."""

    def write_hls(self, model: Any) -> None:
        """Write ``model`` into its output folder.

        Raises:
            OutputDirError: the folder holds something that hlsq did not write.
        """
        design = design_of(model)
        if design is None:
            super().write_hls(model)
        else:
            write_project(design, model.config.get_output_dir())
