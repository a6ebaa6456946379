"""HLS backends: what turns a ``QuantizedGraph`` into hardware."""

from hlsq.discovery import lazy_modules

__getattr__ = lazy_modules(__name__)
