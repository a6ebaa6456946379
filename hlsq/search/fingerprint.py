"""A hash of everything that decides what a search finds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.graph import Graph
from hlsq.plan import Plan


class Fingerprint:
    """Collects what decides a result; equal contents in equal order give equal hashes."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def graph(self, graph: Graph) -> Fingerprint:
        """Take in a network: its blocks and all their parameters."""
        for block in graph.blocks:
            self._digest.update(repr((block.name, block.op, block.inputs, block.activation)).encode())
            scale = () if block.scale is None else (block.scale.multiplier, block.scale.shift)
            for array in (block.kernel, block.bias, *scale):
                self._digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return self

    def plan(self, plan: Plan) -> Fingerprint:
        """Take in the formats of a plan."""
        content = plan.to_dict()
        return self.json({key: content[key] for key in ("batch_norm", "inputs", "blocks")})

    def json(self, content: Any) -> Fingerprint:
        """Take in anything that JSON can hold."""
        self._digest.update(json.dumps(content, sort_keys=True).encode())
        return self

    def samples(self, inputs: Mapping[str, NDArray[Any]], labels: Any = None) -> Fingerprint:
        """Take in samples by input name, and labels of any kind."""
        for name, array in inputs.items():
            self._digest.update(name.encode())
            self._take(array)
        self._take(labels)
        return self

    def _take(self, value: Any) -> None:
        """Take in arrays, in lists and dicts too, by their contents and all else by its representation.

        What can be an array is one (tensors, tables): its representation leaves most of its values out.
        """
        if hasattr(value, "__array__"):
            value = np.asarray(value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self._digest.update(f"{value.shape}{value.dtype}".encode())
            self._digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
            for item in value:
                self._take(item)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self._digest.update(repr(key).encode())
                self._take(item)
        else:
            self._digest.update(repr(value).encode())

    def hexdigest(self) -> str:
        """The hash."""
        return self._digest.hexdigest()
