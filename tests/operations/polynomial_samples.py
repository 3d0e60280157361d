"""Where polynomials are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
