"""Where what rearranges elements is tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
