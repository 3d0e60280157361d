"""The reductions that are measured, and the vectors at which they are."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LENGTHS", "LONG", "REDUCTIONS", "WEIGHTS", "Reduction", "vectors"]

Array = np.ndarray[Any, Any]
LENGTHS = (3, 5)  # of which the derivatives are measured
LONG = 1000  # of which the value is, too
WEIGHTS = (0.5, 2.0, 1.0, 0.25, 3.0)  # of the gradient's elements, in the sum whose gradient is the second derivative


@dataclass(frozen=True)
class Reduction:
    """A reduction of the last axis of ``x`` in each library, and of the list ``x`` in the names of mpmath.

    Attributes
    ----------
    long
        Whether long vectors are measured; the product of one overflows.
    """

    call: str
    definition: str
    torch: str = ""
    jax: str = ""
    long: bool = True

    @property
    def exponential(self) -> bool:
        """Whether it has the scale of the exponential function, and else none."""
        return "logsumexp" in self.definition

    @property
    def name(self) -> str:
        """The function's own name, such as ``np.sum``."""
        return self.call.partition("(")[0]


def _numpy(name: str, definition: str, torch: str = "", long: bool = True) -> Reduction:
    """Return a reduction that JAX has under NumPy's name."""
    return Reduction(f"np.{name}(x, -1)", definition, torch, f"jnp.{name}(x, -1)", long)


REDUCTIONS = (
    _numpy("sum", "fsum(x)", "torch.sum(x, -1)"),
    _numpy("mean", "fsum(x) / len(x)", "torch.mean(x, -1)"),
    _numpy("prod", "fprod(x)", "torch.prod(x, -1)", long=False),
    _numpy("var", "variance(x, 0)", "torch.var(x, -1, correction=0)"),
    _numpy("std", "sqrt(variance(x, 0))", "torch.std(x, -1, correction=0)"),
    Reduction("np.var(x, -1, ddof=1)", "variance(x, 1)", "torch.var(x, -1)", "jnp.var(x, -1, ddof=1)"),
    Reduction("np.std(x, -1, ddof=1)", "sqrt(variance(x, 1))", "torch.std(x, -1)", "jnp.std(x, -1, ddof=1)"),
    _numpy("max", "max(x)", "torch.amax(x, -1)"),
    _numpy("min", "min(x)", "torch.amin(x, -1)"),
    _numpy("ptp", "max(x) - min(x)"),
    _numpy("median", "quantile(x, 0.5)", "torch.quantile(x, 0.5, -1)"),
    Reduction("np.quantile(x, 0.3, axis=-1)", "quantile(x, mpf(0.3))", "torch.quantile(x, 0.3, -1)",
              "jnp.quantile(x, 0.3, axis=-1)"),
    Reduction("np.percentile(x, 30, axis=-1)", "quantile(x, mpf(0.3))", "", "jnp.percentile(x, 30, axis=-1)"),
    _numpy("average", "fsum(x) / len(x)"),
    _numpy("nansum", "fsum(x)", "torch.nansum(x, -1)"),
    _numpy("nanmean", "fsum(x) / len(x)", "torch.nanmean(x, -1)"),
    _numpy("nanprod", "fprod(x)", long=False),
    _numpy("nanvar", "variance(x, 0)"),
    _numpy("nanstd", "sqrt(variance(x, 0))"),
    _numpy("nanmax", "max(x)"),
    _numpy("nanmin", "min(x)"),
    _numpy("nanmedian", "quantile(x, 0.5)", "torch.nanquantile(x, 0.5, -1)"),
    Reduction("np.nanquantile(x, 0.3, axis=-1)", "quantile(x, mpf(0.3))", "torch.nanquantile(x, 0.3, -1)",
              "jnp.nanquantile(x, 0.3, axis=-1)"),
    Reduction("np.nanpercentile(x, 30, axis=-1)", "quantile(x, mpf(0.3))", "", "jnp.nanpercentile(x, 30, axis=-1)"),
    Reduction("np.cumsum(x, -1)[..., -1]", "fsum(x)", "torch.cumsum(x, -1)[..., -1]", "jnp.cumsum(x, -1)[..., -1]"),
    Reduction("np.cumprod(x, -1)[..., -1]", "fprod(x)", "torch.cumprod(x, -1)[..., -1]", "jnp.cumprod(x, -1)[..., -1]",
              long=False),
    Reduction("np.linalg.norm(x, axis=-1)", "sqrt(fdot(x, x))", "torch.linalg.norm(x, dim=-1)",
              "jnp.linalg.norm(x, axis=-1)"),
    Reduction("np.linalg.norm(x, 3, axis=-1)", "cbrt(fsum(fabs(v) ** 3 for v in x))", "torch.linalg.norm(x, 3, dim=-1)",
              "jnp.linalg.norm(x, 3, axis=-1)"),
    Reduction("np.linalg.norm(x, 1, axis=-1)", "fsum(map(fabs, x))", "torch.linalg.norm(x, 1, dim=-1)",
              "jnp.linalg.norm(x, 1, axis=-1)"),
    Reduction("np.trapezoid(x)", "fsum(x) - (x[0] + x[-1]) / 2", "torch.trapezoid(x)", "jnp.trapezoid(x)"),
    Reduction("np.logaddexp.reduce(x, axis=-1)", "logsumexp(x)"),
    Reduction("np.logaddexp2.reduce(x, axis=-1)", "logsumexp([v * ln2 for v in x]) / ln2"),
    Reduction("np.hypot.reduce(x, axis=-1)", "sqrt(fdot(x, x))"),
    Reduction("ag.logsumexp(x, -1)", "logsumexp(x)", "torch.logsumexp(x, -1)", "jax.nn.logsumexp(x, -1)"),
    Reduction("F.softmax(x, -1)[..., 0]", "exp(x[0] - logsumexp(x))", "F.softmax(x, -1)[..., 0]",
              "jax.nn.softmax(x, -1)[..., 0]"),
    Reduction("F.log_softmax(x, -1)[..., 0]", "x[0] - logsumexp(x)", "F.log_softmax(x, -1)[..., 0]",
              "jax.nn.log_softmax(x, -1)[..., 0]"),
)  # fmt: skip


def vectors(reduction: Reduction, dtype: Any, length: int) -> tuple[list[str], Array]:
    """Return vectors of a length, with what each holds, the same ones at each call."""
    rng = np.random.default_rng(zlib.crc32(f"{reduction.call} {np.dtype(dtype)} {length}".encode()))
    count = 8
    shape = (count, length)
    largest = float(np.finfo(dtype).max) ** (0.4 / max(2, length % LONG))
    kinds = {
        "normal": rng.normal(size=shape),
        "positive": rng.uniform(0.5, 2, shape),
        "of all sizes": 2.0 ** rng.uniform(-12, 12, shape) * rng.choice([1, -1], shape),
        "nearly equal": rng.normal(size=(count, 1)) * 1000 + rng.normal(size=shape) * 0.05,
        "large": rng.normal(size=shape) * largest,
        "small": rng.normal(size=shape) / largest,
        "cancelling": rng.normal(size=shape),
    }
    if reduction.exponential:
        del kinds["small"]
    kinds["cancelling"][:, -1] = -kinds["cancelling"][:, :-1].sum(-1) * (1 + 1e-5)
    return [kind for kind in kinds for _ in range(count)], np.concatenate(list(kinds.values())).astype(dtype)
