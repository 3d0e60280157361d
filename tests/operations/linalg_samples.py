"""Where linear algebra is tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
