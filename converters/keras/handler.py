"""The handlers of layers, and how the one for a layer is found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.discovery import import_all
from hlsq.errors import UnsupportedLayerError

HANDLERS = "hlsq.converters.keras.layers"


class LayerHandler(ABC):
    """Turns one call of a layer into blocks.

    A new layer family is a new file in ``converters/keras/layers`` with a subclass of this one. Such a file imports
    no Keras, since it is loaded whichever package the model comes from.

    Attributes:
        classes: class names it converts; a Keras operation that is no layer is ``"ops."`` and its class name.
        packages: top-level packages these classes are defined in.
    """

    classes: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ("keras", "tf_keras")
    _handlers: ClassVar[dict[tuple[str, str], type[LayerHandler]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for package in cls.packages:
            for name in cls.classes:
                LayerHandler._handlers[package, name] = cls

    @abstractmethod
    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """The blocks of ``call``, the last one named ``call.name``; none if the layer passes its input on.

        Raises:
            UnsupportedLayerError: an option that hardware cannot do.
        """


def supported_classes(package: str) -> list[str]:
    """Names of the layer classes of ``package`` that have a handler."""
    import_all(HANDLERS)
    return sorted(name for owner, name in LayerHandler._handlers if owner == package and not name.startswith("ops."))


def handler_for(layer: Any) -> LayerHandler:
    """The handler of ``layer``: that of its class, or of the nearest base class whose ``call`` it has not replaced.

    Raises:
        UnsupportedLayerError: there is none.
    """
    import_all(HANDLERS)
    mro = type(layer).__mro__
    prefix = "" if any(cls.__name__ == "Layer" for cls in mro) else "ops."
    package = "tf_keras" if any(cls.__module__.startswith("tf_keras.") for cls in mro) else "keras"
    quantised = supported_classes("qkeras") if type(layer).__module__.startswith("qkeras.") else []
    supported = ", ".join(quantised + supported_classes(package))
    for depth, cls in enumerate(mro):
        found = LayerHandler._handlers.get((cls.__module__.partition(".")[0], prefix + cls.__name__))
        if found is None:
            continue
        own = next((c for c in mro[:depth] if "call" in vars(c) or "__call__" in vars(c)), None)
        if own is None:
            return found()
        problem = f"the class {own.__name__} computes something of its own in place of {cls.__name__}"
        raise UnsupportedLayerError(layer.name, type(layer).__name__, problem, supported)
    problem = "no such operation is converted" if prefix else "no such layer is converted"
    raise UnsupportedLayerError(layer.name, type(layer).__name__, problem, f"the layers {supported}")
