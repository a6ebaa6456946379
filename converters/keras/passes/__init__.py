"""Passes over a draft, one per file: each joins what hardware does in one block.

Their order matters: a batch norm first finds its operation, then those left become operations themselves, so that an
activation and padding find these too.
"""

from __future__ import annotations

from hlsq.converters.keras.draft import Draft
from hlsq.converters.keras.passes.activation import merge_activations
from hlsq.converters.keras.passes.batch_norm import merge_batch_norms
from hlsq.converters.keras.passes.host import merge_host_functions
from hlsq.converters.keras.passes.padding import merge_padding
from hlsq.converters.keras.passes.standalone import batch_norms_as_operations

PASSES = (merge_batch_norms, batch_norms_as_operations, merge_activations, merge_padding, merge_host_functions)


def merge(draft: Draft) -> Draft:
    """``draft`` after all passes.

    Raises:
        UnsupportedLayerError: a softmax or sigmoid whose result the network goes on with.
    """
    for step in PASSES:
        draft = step(draft)
    return draft
