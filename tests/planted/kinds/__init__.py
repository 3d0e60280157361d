"""The kinds of errors that are planted."""

from . import (
    arguments,
    everywhere,
    layouts,
    magnitudes,
    memory,
    modes,
    places,
    sizes,
    structures,
    threads,
    types,
    values,
)
from .kind import KINDS, Example, Kind

__all__ = [
    "KINDS",
    "Example",
    "Kind",
    "arguments",
    "everywhere",
    "layouts",
    "magnitudes",
    "memory",
    "modes",
    "places",
    "sizes",
    "structures",
    "threads",
    "types",
    "values",
]
