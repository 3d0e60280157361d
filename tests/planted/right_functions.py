"""Right functions: those of NumPy and SciPy, of `nn.functional` and the examples, and random compositions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

import examples.autoencoder
import examples.characters
import examples.custom_model
import examples.physics
from nn import functional as F  # noqa: N812 - the field's own name for it
from tests.operations.calls import Array, Function
from tests.operations.samples import OPERATIONS
from tests.operations.special_samples import OF_LAST
from tests.transforms.test_vmap_programs import program

__all__ = ["Right", "compositions", "functions"]

Places = Callable[[np.random.Generator], Iterator[list[Array]]]


@dataclass(frozen=True)
class Right:
    """A right function.

    Attributes
    ----------
    name
        What it is called.
    function
        The function of its inputs.
    options
        What `check` is told of it.
    places
        Returns inputs at which it is checked, where `check` does not choose them.
    meant
        Raises where the function is not meant to be called, if that is not the function itself.
    """

    name: str
    function: Function
    options: Mapping[str, Any] = field(default_factory=dict)
    places: Places | None = None
    meant: Function | None = None


def of_all_sizes(*shapes: tuple[int, ...], low: float = -2.0, high: float = 2.0, count: int = 8) -> Places:
    """Return what draws inputs of these shapes: ordinary ones, then such as are multiplied by powers of ten."""

    def places(random: np.random.Generator) -> Iterator[list[Array]]:
        for i in range(count):
            inputs = [random.uniform(low, high, shape) for shape in shapes]
            powers = random.integers(-12, 13, len(inputs)) if i % 2 else np.full(len(inputs), random.integers(-12, 13))
            spread = [random.uniform(-3, 3, x.shape) if i % 3 == 2 else np.zeros(x.shape) for x in inputs]
            yield [
                np.asarray(x * 10.0 ** (s + (power if i > 1 else 0)))
                for x, s, power in zip(inputs, spread, powers, strict=True)
            ]

    return places


def functions() -> list[Right]:
    """Return functions that other people wrote."""
    return [*_ufuncs(), *_of_arrays(), *_of_networks(), *_of_examples()]


#: Where `check` finds none, or where single precision rounds the value by more than its width.
DOMAINS: dict[str, list[tuple[float, float]]] = {
    "betainc": [(1e-12, 20.0), (1e-12, 20.0), (0.0, 1.0)],
    "betaincc": [(1e-12, 20.0), (1e-12, 20.0), (0.0, 1.0)],
    "betaincinv": [(1e-3, 1e3), (1e-3, 1e3), (0.0, 1.0)],
    "betainccinv": [(1e-3, 1e3), (1e-3, 1e3), (0.0, 1.0)],
    "gammaincinv": [(0.0, 1e4), (0.0, 1.0)],
    "gammainccinv": [(0.0, 1e4), (0.0, 1.0)],
    "chdtri": [(0.0, 1e4), (0.0, 1.0)],
    "iti0k0": [(0.0, 20.0)],
    "stdtrit": [(0.5, 1e4), (1e-6, 1.0)],
    "voigt_profile": [(-1e3, 1e3), (0.0, 1e3), (0.0, 1e3)],
}


#: Those that are not differentiable in all of their inputs, or take whole numbers.
LEFT_OUT = {"ldexp", "_lambertw", "lambertw", "ellipkinc", "ellipeinc"}


def _ufuncs() -> Iterator[Right]:
    for operation in OPERATIONS:
        if not isinstance(operation.public, np.ufunc) or str(operation) in LEFT_OUT:
            continue
        if operation.public not in OF_LAST:
            if operation.public.nin < 4 and operation.public.signature is None:
                given: dict[str, Any] = {"domain": DOMAINS[str(operation)]} if str(operation) in DOMAINS else {}
                if str(operation) == "wofz":  # complex also of real numbers
                    given = {"domain": (-4.0, 4.0), "dtypes": ["complex128"]}
                yield Right(f"check {operation}", operation.public, given)
            continue
        choices, between = OF_LAST[operation.public]
        # some are of real numbers only, and those of Hankel are complex
        dtypes = ["complex128"] if "hankel" in str(operation) else ["float64", "float32", "float16"]
        options = {"domain": between, "dtypes": dtypes}
        for chosen in choices:
            yield Right(f"check {operation} {chosen}", partial(operation.public, *chosen), options)


def _of_arrays() -> Iterator[Right]:
    """Yield functions of whole arrays."""
    of_any: list[Function] = [
        np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.ptp, np.median, np.cumsum, np.cumprod, np.sort,
        np.nansum, np.nanmean, np.nanvar, np.nanmax, np.nancumsum, np.average, np.flip, np.ravel, np.transpose,
        np.squeeze, np.sinc, np.i0, np.nan_to_num, np.real, np.abs, np.linalg.norm, np.diff, np.fft.fft,
        F.relu, F.sigmoid, F.tanh, F.gelu, F.silu, F.mish, F.softplus, F.elu, F.selu, F.celu, F.softsign, F.tanhshrink,
        F.logsigmoid, F.hardtanh, F.relu6, F.leaky_relu, F.hardsigmoid, F.hardswish, F.hardshrink, F.softshrink,
    ]  # fmt: skip
    for function in of_any:
        given: dict[str, Any] = {"dtypes": ["float64", "float32"]}
        if function is np.fft.fft:  # complex also of real numbers
            given = {"dtypes": ["complex128"], "domain": (-3.0, 3.0)}
        yield Right(f"check {function.__name__}", function, given)
    for q in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0):
        yield Right(f"quantile {q}", partial(np.quantile, q=q), places=of_all_sizes((5,)))
        yield Right(f"percentile {q}", partial(np.percentile, q=100 * q, axis=0), places=of_all_sizes((4, 2)))
    for order in (1, 2, 3, 0.5, np.inf, -np.inf, -1):
        yield Right(f"norm {order}", partial(np.linalg.norm, ord=order), places=of_all_sizes((3,)))
        yield Right(f"norm {order} axis", partial(np.linalg.norm, ord=order, axis=0), places=of_all_sizes((3, 2)))
    for axis in (None, 0, 1, (0, 1)):
        for function in (np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.nanprod):
            yield Right(f"{function.__name__} {axis}", partial(function, axis=axis), places=of_all_sizes((2, 3)))
    matrices: list[Function] = [
        np.linalg.det, np.linalg.slogdet, np.linalg.inv, np.linalg.pinv, np.linalg.svdvals, np.linalg.cond, np.trace,
        lambda x: np.linalg.cholesky(x @ x.T + np.eye(3)), lambda x: np.linalg.eigvalsh(x + x.T), np.diag, np.tril,
        lambda x: np.linalg.qr(x), lambda x: np.linalg.matrix_power(x, 3), lambda x: np.kron(x, x), np.linalg.eigvals,
    ]  # fmt: skip
    for i, function in enumerate(matrices):
        yield Right(f"matrix {i}", function, places=of_all_sizes((3, 3)))
    products: list[Function] = [
        np.matmul, np.dot, np.inner, np.outer, np.kron, np.linalg.solve, partial(np.einsum, "ij,jk->ki"), np.vdot,
        partial(np.tensordot, axes=1), lambda a, b: np.convolve(a[0], b[0]), lambda a, b: np.cross(a, b),
        lambda a, b: np.interp(a, np.sort(b[0]), b[1]), lambda a, b: np.where(a > b, a * b, a - b),
        lambda a, b: np.concatenate([a, b])[1:4], lambda a, b: np.stack([a, b]) ** 2, np.trapezoid, np.copysign,
    ]  # fmt: skip
    for i, function in enumerate(products):
        yield Right(f"product {i}", function, places=of_all_sizes((3, 3), (3, 3)))


def _of_networks() -> Iterator[Right]:
    """Yield layers and losses."""
    labels = np.array([0, 2])
    signs = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    probabilities = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
    of_one: dict[str, Function] = {
        "softmax": partial(F.softmax, axis=-1),
        "log_softmax": partial(F.log_softmax, axis=-1),
        "softmin": partial(F.softmin, axis=-1),
        "normalize": F.normalize,
        "layer_norm": partial(F.layer_norm, normalized_shape=(3,)),
        "rms_norm": partial(F.rms_norm, normalized_shape=(3,)),
        "group_norm": lambda x: F.group_norm(x[..., None], 1),
        "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
        "cross_entropy": partial(F.cross_entropy, target=labels),
        "smoothed": partial(F.cross_entropy, target=labels, label_smoothing=0.1),
        "nll_loss": partial(F.nll_loss, target=labels),
        "with_logits": partial(F.binary_cross_entropy_with_logits, target=probabilities),
        "soft_margin_loss": partial(F.soft_margin_loss, target=signs),
        "hinge_embedding_loss": partial(F.hinge_embedding_loss, target=signs),
        "multi_margin_loss": partial(F.multi_margin_loss, target=labels),
        "multilabel_margin_loss": partial(F.multilabel_margin_loss, target=np.array([[0, -1, 1], [2, 1, -1]])),
        "multilabel_soft_margin_loss": partial(F.multilabel_soft_margin_loss, target=np.abs(signs)),
        "poisson_nll_loss": partial(F.poisson_nll_loss, target=np.abs(signs)),
        "kl_div": partial(F.kl_div, target=probabilities, reduction="sum"),
        "avg_pool1d": partial(F.avg_pool1d, kernel_size=2),
        "max_pool1d": partial(F.max_pool1d, kernel_size=2),
        "interpolate": lambda x: F.interpolate(x[None], size=5),
        "threshold": partial(F.threshold, threshold=0.1, value=20.0),
        "glu": lambda x: F.glu(np.concatenate([x, x**2], axis=-1)),
    }
    for name, function in of_one.items():
        yield Right(f"nn {name}", function, places=of_all_sizes((2, 3)))
    of_two: dict[str, Function] = {
        "mse_loss": F.mse_loss,
        "l1_loss": F.l1_loss,
        "huber_loss": F.huber_loss,
        "smooth_l1_loss": F.smooth_l1_loss,
        "cosine_similarity": F.cosine_similarity,
        "pairwise_distance": F.pairwise_distance,
        "margin_ranking_loss": partial(F.margin_ranking_loss, target=signs),
        "cosine_embedding_loss": partial(F.cosine_embedding_loss, target=np.array([1.0, -1.0])),
        "triplet_margin_loss": lambda x, y: F.triplet_margin_loss(x, y, x[::-1]),
        "gaussian_nll_loss": lambda x, y: F.gaussian_nll_loss(x, y, np.exp(np.sin(x))),
        "linear": F.linear,
        "attention": lambda x, y: F.scaled_dot_product_attention(x[None], y[None], (x + y)[None]),
        "conv1d": lambda x, y: F.conv1d(x[None], y[None, :, :2]),
        "prelu": lambda x, y: F.prelu(x, y[0]),
        "binary_cross_entropy": lambda x, y: F.binary_cross_entropy(F.sigmoid(x), F.sigmoid(y)),
    }
    for name, function in of_two.items():
        yield Right(f"nn {name}", function, places=of_all_sizes((2, 3), (2, 3)))


def _of_examples() -> Iterator[Right]:
    bumps = examples.custom_model.Bumps(4)
    bumps.height.data = np.array([1.0, -2.0, 0.5, 3.0])
    yield Right("examples gaussian", examples.custom_model.gaussian, places=of_all_sizes((2, 3)))
    yield Right("examples bumps", bumps, places=of_all_sizes((3,)))
    flow = examples.physics.Flow(4, 2)
    yield Right("examples flow", lambda x, t: flow(x, t), places=of_all_sizes((2, 1), (2, 1)))
    yield Right("examples exact", examples.physics.exact, places=of_all_sizes((2,), (2,), low=0.05, high=0.9))
    images = np.array([[0.0, 1.0, 0.5]])
    yield Right(
        "examples reconstruction",
        lambda x: examples.autoencoder.reconstruction((x, x, x), images),
        places=of_all_sizes((1, 3)),
    )
    yield Right(
        "examples divergence",
        lambda x, y: examples.autoencoder.divergence((x, x, y), images),
        places=of_all_sizes((1, 3), (1, 3)),
    )
    classes = np.array([[3, 0]])
    yield Right(
        "examples characters",
        lambda x: examples.characters.loss(x, classes),
        places=of_all_sizes((1, 2, examples.characters.CLASSES), count=3),
    )


Step = Callable[[Any, Any], Any]

#: What compositions are made of: each step is a function of the result so far and of the second input.
STEPS: dict[str, Step] = {
    "sin(z)": lambda z, y: np.sin(z),
    "exp(z)": lambda z, y: np.exp(z),
    "exp(-z*z)": lambda z, y: np.exp(-z * z),
    "log1p(abs(z))": lambda z, y: np.log1p(np.abs(z)),
    "log(z*z+1e-3)": lambda z, y: np.log(z * z + 1e-3),
    "sqrt(abs(z))": lambda z, y: np.sqrt(np.abs(z)),
    "tanh(z)": lambda z, y: np.tanh(z),
    "arctan(z)": lambda z, y: np.arctan(z),
    "arcsinh(z)": lambda z, y: np.arcsinh(z),
    "cbrt(z)": lambda z, y: np.cbrt(z),
    "z**2": lambda z, y: z**2,
    "z**3": lambda z, y: z**3,
    "1/z": lambda z, y: 1 / z,
    "1/(1+z*z)": lambda z, y: 1 / (1 + z * z),
    "abs(z)": lambda z, y: np.abs(z),
    "maximum(z, y)": lambda z, y: np.maximum(z, y),
    "minimum(z, 0.5)": lambda z, y: np.minimum(z, 0.5),
    "clip(z, -1, 1)": lambda z, y: np.clip(z, -1, 1),
    "z+y": lambda z, y: z + y,
    "z-y": lambda z, y: z - y,
    "z*y": lambda z, y: z * y,
    "z/y": lambda z, y: z / y,
    "hypot(z, y)": lambda z, y: np.hypot(z, y),
    "arctan2(z, y)": lambda z, y: np.arctan2(z, y),
    "logaddexp(z, y)": lambda z, y: np.logaddexp(z, y),
    "where(z > y, z, z*z)": lambda z, y: np.where(z > y, z, z * z),
    "z*sum(y)": lambda z, y: z * np.sum(y),
    "z-mean(z)": lambda z, y: z - np.mean(z),
    "z/sum(z)": lambda z, y: z / np.sum(z),
    "z/norm(z)": lambda z, y: z / np.linalg.norm(z),
    "cumsum(z)": lambda z, y: np.cumsum(z),
    "cumprod(z)": lambda z, y: np.cumprod(z),
    "sort(z)": lambda z, y: np.sort(z),
    "z*max(y)": lambda z, y: z * np.max(y),
    "z*prod(z)": lambda z, y: z * np.prod(z),
    "z*std(z)": lambda z, y: z * np.std(z),
    "outer(z, y)[0]": lambda z, y: np.outer(z, y)[0],
    "outer(y, z) @ z": lambda z, y: np.outer(y, z) @ z,
    "z[::-1]": lambda z, y: z[::-1],
    "z[[0, 0, 2]]": lambda z, y: z[[0, 0, 2]],
    "concatenate([z[1:], y[:1]])": lambda z, y: np.concatenate([z[1:], y[:1]]),
    "einsum('i,j->j', z, y)": lambda z, y: np.einsum("i,j->j", z, y),
    "convolve(z, y, 'same')": lambda z, y: np.convolve(z, y, "same"),
    "softmax(z)": lambda z, y: F.softmax(z, axis=-1),
    "gelu(z)": lambda z, y: F.gelu(z),
    "softplus(z)": lambda z, y: F.softplus(z),
    "relu(z)": lambda z, y: F.relu(z),
}


def compositions(count: int, seed: int = 0) -> Iterator[Right]:
    """Yield so many functions of two vectors: four fifths are compositions of two to five steps, others programs."""
    for number in range(count):
        name = f"composition {number}"
        places = of_all_sizes((3,), (3,), count=6)
        if number % 5 == 4:
            yield Right(name, program(1000 * seed + number), places=places)
            continue
        random = np.random.default_rng([seed, number])
        steps = [str(step) for step in random.choice(list(STEPS), random.integers(2, 6))]
        meant = partial(_composed, steps, strict=True)
        yield Right(f"{name}: {'; '.join(steps)}", partial(_composed, steps), places=places, meant=meant)


#: Steps whose slope at 0 is infinite: what follows of it is 0 times infinity, for which the chain rule has no answer.
STEEP = {"sqrt(abs(z))", "cbrt(z)"}


def _composed(steps: Sequence[str], x: Any, y: Any, strict: bool = False) -> Any:
    z = x
    for step in steps:
        if strict and step in STEEP and not np.all(z):
            raise ValueError(f"{step} has an infinite slope at 0")
        z = STEPS[step](z, y)
        if strict and not np.all(np.isfinite(z)):
            raise ValueError(f"{step} is not finite")
    return z
