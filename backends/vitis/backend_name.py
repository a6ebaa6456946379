"""The backend's name: ``HLSQ``, and at the same time a Vitis backend's for those who ask by name."""

from __future__ import annotations

from collections.abc import Iterator

import yaml


class BackendName(str):
    """A name that is also equal to those of the backends it stands in for.

    hls4ml decides by the name of a backend, not by its class, what code to generate and which strategies there are:
    ``backend.name == "Vitis"``, ``config["Backend"].lower() in ("vitis", "vivado")``. The answer for a subclass of the
    Vitis backend has to be that for Vitis. In every other respect (registries, prefixes of flows and passes, files
    written) the name is the plain string.
    """

    aliases: frozenset[str]

    def __new__(cls, name: str, aliases: frozenset[str] = frozenset()) -> BackendName:
        """``name``, equal to itself and to all of ``aliases``."""
        self = super().__new__(cls, name)
        self.aliases = aliases
        return self

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) is True or (isinstance(other, str) and str(other) in self.aliases)

    def __ne__(self, other: object) -> bool:
        return not self == other

    # In dictionaries it is the plain name and nothing else: hls4ml's registries have HLSQ beside Vitis.
    __hash__ = str.__hash__

    def lower(self) -> BackendName:
        """In small letters, the aliases too."""
        return BackendName(super().lower(), frozenset(alias.lower() for alias in self.aliases))


def _represent(dumper: yaml.representer.BaseRepresenter, name: BackendName) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(name))


def _representers(kind: type[yaml.representer.BaseRepresenter]) -> Iterator[type[yaml.representer.BaseRepresenter]]:
    """``kind`` and all that is derived from it."""
    yield kind
    for derived in kind.__subclasses__():
        yield from _representers(derived)


# hls4ml writes the name into configuration files, read by the safe loader; users may do so too, with any dumper.
# One that has a representer of its own no longer sees those of its bases; dumpers still to come inherit this one.
for _kind in _representers(yaml.representer.SafeRepresenter):
    _kind.add_representer(BackendName, _represent)
