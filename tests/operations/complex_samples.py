"""Where what is about complex numbers is tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
