"""Where the Fourier transforms are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
