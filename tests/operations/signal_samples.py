"""Where convolution, interpolation and the like are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
