"""Layers that act in training alone."""

from __future__ import annotations

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler


class TrainingOnlyHandler(LayerHandler):
    """Dropout, noise and penalties: nothing is left of them at inference."""

    classes = (
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "SpatialDropout1D",
        "SpatialDropout2D",
    )

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """No block."""
        if call.training and call.kind != "Identity":
            raise call.refuse("it is called with training=True", "calls without training=True")
        return ()
