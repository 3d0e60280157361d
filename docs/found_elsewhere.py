"""Check functions of PyTorch, JAX, HIPS autograd, MyGrad and SciPy, where they are installed, as `check` checks ours.

    python docs/found_elsewhere.py [engine ...] [--only NAME] [--hips FOLDER] [--mygrad FOLDER]

It prints a line for each function, and the message where one fails: docs/found-elsewhere.md says which of these are
faults. HIPS autograd has the name of this library: install it into a folder of its own, with ``pip install
--no-deps --target FOLDER autograd``, and give that folder.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from autograd.errors import GradientCheckError
from autograd.testing import check

Functions = dict[str, tuple[Callable[..., Any], dict[str, Any]]]


def named(home: Any, names: str, count: int = 1, **options: Any) -> Functions:
    """Return the functions of these names, of so many arrays, that `home` has."""
    found: Functions = {}
    for name in names.split():
        function = home
        for part in name.split("."):
            function = getattr(function, part, None)
        if function is not None:
            of_arrays: Callable[..., Any] = (
                (lambda x, f=function, **k: f(x, **k)) if count == 1 else (lambda x, y, f=function, **k: f(x, y, **k))
            )
            found[name] = (of_arrays, options)
    return found


def of_torch() -> Functions:
    """Return functions of PyTorch."""
    import torch

    functional, square = torch.nn.functional, {"signature": "(3,3)", "domain": (-3, 3)}
    dims = {"signature": "(m,n)", "keywords": {"dim": [0, -1]}}
    return {
        **named(
            torch,
            "abs acos acosh angle asin asinh atan atanh cos cosh deg2rad exp exp2 expm1 log log10 log1p log2 neg "
            "positive rad2deg reciprocal rsqrt sigmoid sign sin sinc sinh sqrt square tan tanh digamma lgamma erf erfc "
            "erfinv i0 logit nan_to_num floor frac trunc",
        ),
        **named(
            torch.special,
            "entr erfcx expit i0e i1 i1e log_ndtr ndtr ndtri bessel_j0 bessel_j1 gammaln psi log_softmax softmax",
        ),
        **named(
            torch,
            "add atan2 copysign div float_power fmax fmin fmod hypot ldexp logaddexp logaddexp2 maximum minimum mul "
            "nextafter pow remainder sub xlogy heaviside true_divide",
            2,
        ),
        **named(torch.special, "xlog1py zeta", 2),
        **named(torch, "sum mean prod std var amax amin max min median nanmean nansum norm cumsum logcumsumexp"),
        **named(torch, "prod cumprod cumsum logsumexp logcumsumexp softmax amax amin cummax median mode sort std var "
                "nanmean aminmax diff quantile renorm", **dims),
        **named(torch, "matmul dot inner outer kron cross mv", 2),
        **named(
            torch,
            "inverse det slogdet logdet matrix_exp trace tril triu diag rot90 linalg.inv linalg.pinv linalg.svdvals "
            "linalg.norm linalg.cond linalg.matrix_norm linalg.qr linalg.lu linalg.eigvals linalg.det",
            **square,
        ),
        **named(torch, "linalg.solve linalg.lstsq cdist linalg.matmul", 2, **square | {"signature": "(3,3),(3,2)"}),
        **named(
            functional,
            "relu relu6 elu selu celu gelu silu mish softplus softsign hardtanh hardsigmoid hardswish leaky_relu "
            "logsigmoid tanhshrink softshrink hardshrink normalize rrelu",
        ),
        "scatter_reduce": (
            lambda x: torch.zeros(2, dtype=x.dtype).scatter_reduce(
                0, torch.tensor([0, 1, 0, 1]), x, "amax", include_self=False
            ),
            {"signature": "(4)"},
        ),
        "Laplace.cdf": (lambda x: torch.distributions.Laplace(0.0, 1.0).cdf(x), {}),
        "jvp of cumprod": (
            lambda x: torch.func.jvp(lambda y: torch.cumprod(y, 0), (x,), (torch.cos(x),))[1],
            {"signature": "(4)", "dtypes": ["float64"]},
        ),
        **named(
            functional,
            "mse_loss l1_loss smooth_l1_loss huber_loss kl_div binary_cross_entropy binary_cross_entropy_with_logits "
            "poisson_nll_loss soft_margin_loss hinge_embedding_loss cosine_similarity pairwise_distance "
            "multilabel_soft_margin_loss cross_entropy",
            2,
        ),
    }  # fmt: skip


def of_jax() -> Functions:
    """Return functions of JAX; of few shapes, since it compiles for each."""
    import jax

    few, square = {"signature": "(4)"}, {"signature": "(3,3)", "domain": (-3, 3)}
    return {
        **named(
            jax.numpy,
            "abs arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10 log1p log2 "
            "reciprocal sign sin sinc sinh sqrt square tan tanh i0 nan_to_num fabs "
            "sum mean prod std var max min median nanmean nanprod cumsum cumprod ptp linalg.norm sort unwrap diff",
            **few,
        ),
        **named(
            jax.scipy.special,
            "digamma entr erf erfc erfinv expit gammaln gamma i0 i0e i1 i1e log_ndtr logit logsumexp ndtr ndtri "
            "softmax log_softmax spence expi exp1 factorial",
            **few,
        ),
        **named(
            jax.nn,
            "relu relu6 elu selu celu gelu silu mish softplus soft_sign hard_tanh hard_sigmoid hard_swish leaky_relu "
            "log_sigmoid sparse_plus squareplus standardize logmeanexp",
            **few,
        ),
        **named(
            jax.numpy,
            "arctan2 copysign divide float_power fmax fmin fmod hypot logaddexp logaddexp2 maximum minimum multiply "
            "power remainder dot convolve",
            2,
            signature="(4),(4)",
        ),
        "gennorm.cdf": (lambda x: jax.scipy.stats.gennorm.cdf(x, 1.5), few),
        "vander": (lambda x: jax.numpy.vander(x), few),
        **named(jax.scipy.special, "xlogy xlog1py betaln beta rel_entr kl_div", 2, signature="(4),(4)"),
        **named(jax.numpy.linalg, "inv det slogdet pinv cond", **square),
        **named(jax.scipy.linalg, "expm", **square),
    }


def of_autograd() -> Functions:
    """Return functions of HIPS autograd."""
    home = sys.modules["hips_autograd"]
    square = {"signature": "(3,3)", "domain": (-3, 3)}
    axes = {"signature": "(m,n)", "keywords": {"axis": [0, -1]}}
    return {
        **named(
            home.numpy,
            "abs absolute arccos arccosh arcsin arcsinh arctan arctanh cos cosh deg2rad exp exp2 expm1 fabs log log10 "
            "log1p log2 negative rad2deg reciprocal sign sin sinc sinh sqrt square tan tanh nan_to_num "
            "sum mean prod std var max min amax cumsum sort linalg.norm ravel diff",
        ),
        **named(home.numpy, "sum mean prod std var max min cumsum sort diff linalg.norm", **axes),
        **named(
            home.numpy,
            "add arctan2 divide fmax fmin hypot logaddexp logaddexp2 maximum minimum mod multiply power remainder "
            "subtract true_divide matmul dot inner outer kron cross",
            2,
        ),
        **named(home.numpy, "trace tril triu diag linalg.inv linalg.det linalg.slogdet linalg.pinv linalg.cholesky "
                "linalg.norm linalg.eigvals", **square),
        **named(home.numpy, "linalg.solve", 2, **square | {"signature": "(3,3),(3,2)"}),
        **named(
            home.scipy.special,
            "digamma psi erf erfc erfinv erfcinv expit gamma gammaln gammasgn logit logsumexp i0 i1 j0 j1 y0 y1 rgamma",
        ),
        **named(home.scipy.special, "beta betaln", 2),
    }  # fmt: skip


def of_mygrad() -> Functions:
    """Return functions of MyGrad."""
    import mygrad
    import mygrad.nnet as nnet

    axes = {"signature": "(m,n)", "keywords": {"axis": [0, -1]}}
    return {
        **named(
            mygrad,
            "abs absolute arccos arccosh arccsc arccot arcsec arcsin arcsinh arctan arctanh cbrt cos cosh cot coth csc "
            "exp exp2 expm1 log log10 log1p log2 negative positive reciprocal sec sech sin sinc sinh sqrt square tan "
            "tanh csch arccsch arccoth sum mean prod std var max min cumsum cumprod ravel linalg.norm",
        ),
        **named(mygrad, "sum mean prod std var max min cumsum cumprod linalg.norm", **axes),
        **named(
            mygrad,
            "add arctan2 divide logaddexp logaddexp2 maximum minimum multiply power subtract matmul",
            2,
        ),
        **named(
            nnet.activations,
            "elu glu hard_tanh leaky_relu logsoftmax relu selu sigmoid softmax soft_sign",
        ),
    }


def of_scipy() -> Functions:
    """Return functions of SciPy that give derivatives too: each as a value, and what pulls a gradient back."""
    import numpy as np
    from scipy import interpolate, special

    found: Functions = {}

    def add(name: str, value: Callable[..., Any], slope: Callable[..., Any], low: float, high: float) -> None:
        def both(x: Any) -> tuple[Any, Callable[[Any], list[Any]]]:
            shaped = [np.asarray(function(x)).reshape(np.shape(x)) for function in (value, slope)]
            return shaped[0], lambda g: [g * shaped[1]]

        found[name] = both, {"signature": "()", "dtypes": ["float64"], "domain": (low, high)}

    def pair(name: str, function: Callable[..., Any], low: float, high: float) -> None:
        add(name, lambda x: function(x)[0], lambda x: function(x)[1], low, high)

    for name, n in itertools.product(("jv", "yv", "kv", "iv"), (0, 1, 2.5, -1.5)):
        add(f"{name} {n}", partial(getattr(special, name), n), partial(getattr(special, f"{name}p"), n), 0.05, 60)
    for name, n in itertools.product(("jn", "yn", "in", "kn"), (0, 1, 3, 8)):
        function = partial(getattr(special, f"spherical_{name}"), n)
        add(f"spherical_{name} {n}", function, partial(function, derivative=True), 0.05, 20)
    for name in ("ber", "bei", "ker", "kei"):
        add(name, getattr(special, name), getattr(special, f"{name}p"), 0.05, 25)
    for i, name in ((0, "Ai"), (2, "Bi")):
        pair(f"airy {name}", lambda x, i=i: special.airy(x)[i:], -20, 10)
    for name, v in itertools.product(("pbdv", "pbvv", "pbwa"), (-2.0, 0.3, 2.0)):
        pair(f"{name} {v}", partial(getattr(special, name), v), -4.9, 4.9)
    for name, m, q in itertools.product(("cem", "sem"), (1, 2, 5), (0.5, 10.0)):
        degrees = partial(getattr(special, f"mathieu_{name}"), m, q)
        pair(f"mathieu_{name} {m} {q}", lambda x, f=degrees: f(x * 180 / np.pi), 0.0, 6.0)
    for kind, a in itertools.product(("ang1", "rad1", "rad2"), ((0, 1, 1.0), (1, 2, 2.0), (2, 4, 0.5), (0, 0, 5.0))):
        ends = (-0.95, 0.95) if kind == "ang1" else (1.05, 6.0)
        pair(f"pro_{kind} {a}", partial(getattr(special, f"pro_{kind}"), *a), *ends)
        pair(f"obl_{kind} {a}", partial(getattr(special, f"obl_{kind}"), *a), ends[0] - (ends[0] > 0), ends[1])
    for n, m in itertools.product((0, 1, 2, 5), (0, 1, 2, -2)):
        pair(f"sph_legendre_p {n} {m}", partial(special.sph_legendre_p, n, m, diff_n=1), 0.0, 3.14)
        pair(f"assoc_legendre_p {n} {m}", partial(special.assoc_legendre_p, n, m, diff_n=1), -1.0, 1.0)
    random = np.random.default_rng(0)
    t, y = np.linspace(0.0, 1.0, 9) ** 2, random.normal(size=9)
    for curve in (
        interpolate.CubicSpline(t, y), interpolate.PchipInterpolator(t, y), interpolate.Akima1DInterpolator(t, y),
        interpolate.make_interp_spline(t, y, k=4), interpolate.UnivariateSpline(t, y, s=0.1),
        interpolate.make_smoothing_spline(t, y), interpolate.BPoly(random.normal(size=(4, 8)), t),
    ):  # fmt: skip
        add(type(curve).__name__, curve, curve.derivative(), 0.0, 1.0)
    return found


def load_hips(folder: Path) -> None:
    """Load HIPS autograd from a folder, under the name `hips_autograd`; what it imports is bound as it is loaded."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "autograd"}
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module("autograd")
        for name in ("numpy", "scipy.special", "scipy.linalg", "scipy.stats", "extend", "test_util"):
            importlib.import_module(f"autograd.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "autograd"]:
            del sys.modules[name]
        sys.modules.update(ours)
    sys.modules["hips_autograd"] = module


ENGINES: dict[str, tuple[Any, Callable[[], Functions]]] = {
    "torch": ("torch", of_torch),
    "jax": ("jax", of_jax),
    "autograd": ("autograd", of_autograd),
    "mygrad": ("mygrad", of_mygrad),
    "scipy": ("numpy", of_scipy),
}


def results(name: str, only: str | None) -> Iterator[tuple[str, str]]:
    """Yield each function of an engine, and what was found: nothing, where all is right."""
    engine, functions = ENGINES[name]
    for function, (fn, options) in functions().items():
        if only is None or function == only:
            try:
                check(fn, engine=engine, profile="quick", **options)
            except (GradientCheckError, TypeError) as error:
                yield function, str(error)
            else:
                yield function, ""


def main() -> None:
    """Check the functions of the engines that are installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--only")
    parser.add_argument("--hips", type=Path)
    parser.add_argument("--mygrad", type=Path)
    options = parser.parse_args()
    if options.mygrad is not None:
        sys.path.append(str(options.mygrad))
    if options.hips is not None:
        load_hips(options.hips)
    for name in options.engines:
        if "hips_autograd" not in sys.modules if name == "autograd" else importlib.util.find_spec(name) is None:
            print(f"{name} is not installed")
            continue
        for function, message in results(name, options.only):
            print(f"{name} {function}: {message or 'right'}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
