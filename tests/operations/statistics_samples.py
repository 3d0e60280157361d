"""Where medians, quantiles, averages and covariances are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
