"""The contract of what has no kinks: sums, products, transforms, and whatever moves numbers about."""

from __future__ import annotations

from math import log, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

REGARDLESS = "whatever the values, nan among them"


def _names(module: str, names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names.split())


MOVED = _names(
    "numpy",
    "append apply_along_axis apply_over_axes array_split astype atleast_1d atleast_2d atleast_3d block "
    "broadcast_arrays broadcast_to column_stack compress concatenate copy delete diag diagflat diagonal dsplit dstack "
    "expand_dims extract flip fliplr flipud full full_like hsplit hstack insert ix_ matrix_transpose meshgrid "
    "moveaxis ravel real_if_close repeat reshape resize roll rollaxis rot90 sort_complex split squeeze stack swapaxes "
    "take take_along_axis tile transpose tril trim_zeros triu unstack vsplit vstack",
)
SUMMED = _names(
    "numpy",
    "bincount cumsum cumulative_sum diff ediff1d histogram histogram2d histogramdd imag linspace mean pad real sum "
    "trace",
)
TRANSFORMED = _names(
    "numpy.fft",
    "fft fft2 fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2 rfftn",
)
PRODUCTS = _names(
    "numpy",
    "convolve correlate cross cumulative_prod dot einsum inner kron matmul matvec outer poly polyadd polyder polyint "
    "polymul polysub polyval tensordot vander vdot vecdot vecmat",
)
OF_MATRICES = _names("numpy.linalg", "cross diagonal matmul matrix_transpose multi_dot outer tensordot trace vecdot")

CONTRACTS = (
    Contract(
        (*MOVED, *SUMMED, *TRANSFORMED, "numpy.lib.stride_tricks.sliding_window_view"),
        "all numbers; linear in what they differentiate, so that the gradient depends on no value. What selects by "
        "value, as the keyword where, selects constants",
        (
            Edge("np.mean(x)", ([nan, 1.0],), ([0.5, 0.5],), REGARDLESS, ([0.0, 0.0],)),
            Edge("np.cumsum(x)", ([nan, 1.0],), ([2.0, 1.0],), REGARDLESS, ([0.0, 0.0],)),
            Edge("np.concatenate([x, x])", ([nan, 1.0],), ([2.0, 2.0],), REGARDLESS),
            Edge("np.take(x, [0, 0])", ([1.0, 2.0],), ([2.0, 0.0],), "an element taken twice has twice the gradient"),
            Edge("np.trace(x)", ([[nan, 0.0], [0.0, 1.0]],), ([[1.0, 0.0], [0.0, 1.0]],), REGARDLESS),
            Edge("np.fft.ifft(np.fft.fft(x)).real", ([nan, 1.0],), ([1.0, 1.0],), REGARDLESS),
            Edge("np.sum(x, where=[True, False])", ([1.0, nan],), ([1.0, 0.0],), "what it leaves out gets nothing"),
        ),
    ),
    Contract(
        (*PRODUCTS, *OF_MATRICES),
        "all numbers, without kinks",
        (
            Edge("np.matmul(x, y)", ([1.0, 2.0], [0.0, 0.0]), ([0.0, 0.0], [1.0, 2.0]), "the other factor",
                 ([1.0, 1.0], [1.0, 1.0])),
            Edge("np.convolve(x, y)", ([0.0, 0.0], [0.0]), ([0.0, 0.0], [0.0]), "the other factor",
                 ([1.0, 1.0], [2.0])),
            Edge("np.polyval([1, 2, 3], x)", ([0.0],), ([2.0],), "no power of 0 is divided by", ([2.0],)),
            Edge("np.vander(x)", ([0.0, 1.0],), ([1.0, 1.0],), "no power of 0 is divided by", ([0.0, 0.0],)),
        ),
    ),
    Contract(
        (
            "numpy.gradient", "numpy.trapezoid", "numpy.geomspace", "numpy.logspace", "numpy.polyfit", "numpy.polydiv",
            "numpy.roots", "numpy.corrcoef", "numpy.linalg.cond", "numpy.linalg.tensorinv", "numpy.linalg.tensorsolve",
        ),
        "where they do not divide by 0: gradient at distinct points, geomspace between numbers of one sign, roots that "
        "are distinct, corrcoef of numbers that differ, cond and the inverses of regular matrices",
        (
            Edge("np.gradient(x)", ([nan, 1.0, 2.0],), ([-1.5, 0.0, 1.5],), REGARDLESS),
            Edge("np.trapezoid(x, y)", ([1.0, 1.0], [0.0, 0.0]), ([0.0, 0.0], [-1.0, 1.0]), "an interval of no length"),
            Edge("np.geomspace(x, y, 3)", ([-1.0], [-4.0]), ([2.0], [1.25]), "negative numbers"),
            Edge("np.logspace(x, y, 2)", ([0.0], [1.0]), ([log(10)], [10 * log(10)]), "the exponents"),
            Edge("np.corrcoef(x, y)[0, 1]", ([1.0, 2.0], [1.0, 2.0]), ([0.0, 0.0], [0.0, 0.0]), "its maximum"),
            Edge("np.linalg.cond(x)", ([[1.0, 0.0], [0.0, 1.0]],), ([[0.0, 0.0], [0.0, 0.0]],), "its minimum"),
            Edge("np.roots(x)", ([1.0, -3.0, 2.0],), ([-3.0, -1.0, 0.0],), "distinct roots"),
        ),
    ),
    Contract(
        _names("numpy.emath", "arccos arcsin arctanh log log10 log2 logn power sqrt"),
        "as the functions of numpy on complex numbers, real where these are",
        (
            Edge("np.emath.sqrt(x).imag", ([-4.0, 4.0],), ([-0.25, 0.0],), "the root of a negative number"),
            Edge("np.emath.log(x).real", ([-2.0],), ([-0.5],), "the logarithm of a negative number"),
        ),
    ),
)  # fmt: skip
