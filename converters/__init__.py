"""Readers of other frameworks' models, one sub-package per framework; each turns a model into a ``hlsq.graph.Graph``.

A package is imported when it is first used, so that reading one framework's model never loads another.
"""

from hlsq.discovery import lazy_modules

__getattr__ = lazy_modules(__name__)
