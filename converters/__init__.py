"""Readers of other frameworks' models, one sub-package per framework; each turns a model into a ``hlsq.graph.Graph``.

Nothing is imported here, so that reading one framework's model never loads another.
"""
