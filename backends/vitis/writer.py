"""The writer: hlsq's own project for quantised networks, hls4ml's for everything else."""

from __future__ import annotations

from typing import Any

from hls4ml.writer.vitis_writer import VitisWriter

from hlsq.backends.vitis.nodes import design_of
from hlsq.backends.vitis.project import write_project


class ProjectWriter(VitisWriter):
    """Writes a Vitis HLS project."""

    def write_hls(self, model: Any, is_multigraph: bool = False) -> None:
        """Write ``model`` into its output folder; ``is_multigraph``: a model whose parts have been written already.

        Raises:
            OutputDirError: the folder holds something that hlsq did not write.
        """
        design = design_of(model)
        if design is not None:
            write_project(design, model.config.get_output_dir(), stamps=(model.config.get_config_value("Stamp"),))
        elif is_multigraph:
            super(VitisWriter, self).write_hls(model, is_multigraph=True)  # only the Vivado writer's knows of these
        else:
            super().write_hls(model)


class HLSQWriter(ProjectWriter):
    """The writer of the backend: nothing of its own, since for a ``MultiModelGraph`` hls4ml calls its parent class."""
