"""Every exception that hlsq raises for a user's input or environment.

Each message names the place (layer, file, option), the offending value, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hlsq.escape import shown, visible


class HlsqError(Exception):
    """Base of all errors of hlsq."""


class FormatError(HlsqError, ValueError):
    """A number format with impossible parameters, or data that it cannot hold (NaN, wrong channel count)."""


class GraphError(HlsqError, ValueError):
    """A network that is not well formed: unknown input, duplicate name, shapes that do not fit."""


class OptionError(HlsqError, ValueError):
    """An option that does not exist or has a value that is not allowed."""

    @classmethod
    def unknown(cls, what: str, given: Any, valid: Iterable[str]) -> OptionError:
        """Error for the unknown option or name ``given`` of ``what``, listing the ``valid`` ones."""
        return cls(f"{what}: {shown(given)} is unknown; valid: {', '.join(map(visible, sorted(valid)))}")


class ResourceError(HlsqError, ValueError):
    """A pace that no design of a network keeps, or a part that none fits on; says what limits it, and what helps."""


class PlanError(HlsqError, ValueError):
    """A plan that does not fit its network, or a plan file that cannot be read."""


class CalibrationError(HlsqError, ValueError):
    """Calibration data that is missing, empty, of the wrong shape, or not finite."""


class InputError(HlsqError, ValueError):
    """Input samples of the wrong shape, type or with values that are not finite."""


class QuantizationError(HlsqError, ValueError):
    """A layer that cannot be quantised as asked (NaN weights, accumulator beyond 62 bits, multiplier out of range)."""


class SearchError(HlsqError, RuntimeError):
    """A search that cannot go on: a worker failed, a metric is no number, a state file belongs to another search."""


class UnsupportedLayerError(HlsqError, NotImplementedError):
    """A layer, or one of its options, that hlsq does not convert.

    Args:
        layer: name of the layer in the user's model.
        kind: its class name.
        problem: the option at fault and its value.
        supported: what would be accepted, and the remedy.
    """

    def __init__(self, layer: str, kind: str, problem: str, supported: str) -> None:
        super().__init__(f"layer {layer!r} ({kind}): {problem}; supported: {supported}")
        self.layer = layer
        self.kind = kind


class ModelFileError(HlsqError, ValueError):
    """A saved model that cannot be read, or that would run code when loaded."""


class KerasVersionError(HlsqError, ImportError):
    """No QKeras for Keras 3, another package of its name, or Keras on another backend; says what to install or set."""


class OutputDirError(HlsqError, FileExistsError):
    """An output folder that holds something that hlsq did not write."""


class OutputFileError(HlsqError, OSError):
    """A file that cannot be written; the message says why, and what helps."""


class ToolNotFoundError(HlsqError, FileNotFoundError):
    """A program (g++, vitis-run, vitis_hls) that is not installed; the message names the overriding variable."""


class ToolFailedError(HlsqError, RuntimeError):
    """A program that ran and failed; the message ends with the last lines it printed."""


class DataError(HlsqError, FileNotFoundError):
    """A data set or pretrained weights that are not to be had; the message says where they come from."""


class VerificationError(HlsqError):
    """The C simulation and the emulation differ, or the stored vectors and the emulation.

    Attributes:
        block: name of the first block whose integers differ.
        index: index of the first difference, sample first.
        expected: the integer of the emulation.
        actual: the integer of the C simulation, or of the stored vectors.
        mismatches: number of differing integers in that block.
        source: what ``actual`` is from, in words.

    Args:
        edited: generated files that were changed since they were written, for the message.
    """

    def __init__(
        self,
        block: str,
        index: tuple[int, ...],
        expected: int,
        actual: int,
        mismatches: int,
        source: str = "C simulation",
        edited: Iterable[str] = (),
    ) -> None:
        changed = ", ".join(edited)
        super().__init__(
            f"block {block!r}: {mismatches} of its integers differ; first at index {index} (sample first): "
            f"emulation {expected}, {source} {actual}"
            f"{f'; changed since hlsq wrote them: {changed}' if changed else ''}"
        )
        self.block = block
        self.index = index
        self.expected = expected
        self.actual = actual
        self.mismatches = mismatches
        self.source = source
