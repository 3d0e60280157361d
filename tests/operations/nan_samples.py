"""Where the reductions that leave out nan are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
