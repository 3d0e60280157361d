"""The contract of statistics, of functions that pass over nan, and of choices among arrays."""

from __future__ import annotations

from math import inf, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

PASSED_OVER = "nan gets nothing"

CONTRACTS = (
    Contract(
        ("numpy.median", "numpy.quantile", "numpy.percentile"),
        "all numbers; ties share evenly, and where the result is nan, nan gets the gradient. With respect to the "
        "fraction, the slope above it, at 1 that below",
        (
            Edge("np.median(x)", ([1.0, 2.0, 3.0],), ([0.0, 1.0, 0.0],), "the middle one", ([0.0] * 3,)),
            Edge("np.median(x)", ([1.0, 2.0, 3.0, 4.0],), ([0.0, 0.5, 0.5, 0.0],), "the mean of the middle two"),
            Edge("np.median(x)", ([1.0, 1.0, 3.0],), ([0.5, 0.5, 0.0],), "ties share evenly"),
            Edge("np.median(x)", ([1.0, nan, 3.0],), ([0.0, 1.0, 0.0],), "nan is selected"),
            Edge("np.quantile(x, 0.25)", ([1.0, 1.0, 2.0, 3.0, 4.0],), ([0.5, 0.5, 0.0, 0.0, 0.0],),
                 "ties share evenly"),
            Edge("np.quantile([1.0, 2.0, 4.0], x)", ([0.0, 0.25, 0.5, 1.0],), ([2.0, 2.0, 4.0, 4.0],),
                 "the slope above", ([0.0] * 4,)),
            Edge("np.percentile(x, 50)", ([1.0, 1.0],), ([0.5, 0.5],), "as quantile"),
        ),
    ),
    Contract(
        (
            "numpy.nansum", "numpy.nanprod", "numpy.nancumsum", "numpy.nancumprod", "numpy.nanmax", "numpy.nanmin",
            "numpy.nanmean", "numpy.nanvar", "numpy.nanstd", "numpy.nanmedian", "numpy.nanquantile",
            "numpy.nanpercentile",
        ),
        "all numbers; nan gets nothing, also where there is nothing else, and otherwise they are as without it",
        (
            *(
                Edge(f"np.{name}(x)", ([nan, nan],), ([0.0, 0.0],), "nothing to pass it to")
                for name in ("nansum", "nanprod", "nanmax", "nanmean", "nanstd", "nanmedian")
            ),
            Edge("np.nansum(x)", ([nan, 1.0, 1.0],), ([0.0, 1.0, 1.0],), PASSED_OVER, ([0.0] * 3,)),
            Edge("np.nanprod(x)", ([nan, 0.0, 2.0],), ([0.0, 2.0, 0.0],), "exact with zeros", ([0.0, 1.0, 1.0],)),
            Edge("np.nancumprod(x)", ([nan, 0.0, 2.0],), ([0.0, 3.0, 0.0],), "exact with zeros"),
            Edge("np.nanmax(x)", ([nan, 1.0, 1.0],), ([0.0, 0.5, 0.5],), "ties share evenly"),
            Edge("np.nanmean(x)", ([nan, 1.0, 1.0],), ([0.0, 0.5, 0.5],), PASSED_OVER, ([0.0] * 3,)),
            Edge("np.nanstd(x)", ([nan, 0.1, 0.1],), ([0.0] * 3,), "of constants"),
            Edge("np.nanstd(x)", ([nan, 1.0, 3.0],), ([0.0, -0.5, 0.5],), PASSED_OVER),
            Edge("np.nanmedian(x)", ([nan, 1.0, 1.0],), ([0.0, 0.5, 0.5],), "ties share evenly"),
        ),
    ),
    Contract(
        ("numpy.average", "numpy.cov"),
        "weights whose sum is not 0",
        (
            Edge("np.average(x, weights=y)", ([1.0, 2.0], [1.0, 0.0]), ([1.0, 0.0], [0.0, 1.0]), "a weight of 0"),
            Edge("np.cov(x)", ([1.0, 1.0, 1.0],), ([0.0] * 3,), "of constants"),
        ),
    ),
    Contract(
        ("numpy.select", "numpy.piecewise", "numpy.choose"),
        "all numbers; as where, what is not selected has gradient 0",
        (
            Edge("np.select([x > 0], [np.sqrt(x)], 0)", ([-1.0, 0.0, 4.0],), ([0.0, 0.0, 0.25],),
                 "0 times nan and inf is 0 here", ([0.0, 0.0, -1 / 32],)),
            Edge("np.piecewise(x, [x > 0], [np.sqrt, 0])", ([-1.0, 0.0, 4.0],), ([0.0, 0.0, 0.25],),
                 "the function sees only its piece", ([0.0, 0.0, -1 / 32],)),
            Edge("np.choose([0, 1], [x, y])", ([nan, 1.0], [1.0, 2.0]), ([1.0, 0.0], [0.0, 1.0]), "one from each"),
            Edge("np.log(x, where=x > 0)", ([-1.0, 0.0, 2.0],), ([0.0, 0.0, 0.5],),
                 "the keyword of every ufunc: what it leaves out is 0, with gradient 0", ([0.0, 0.0, -0.25],)),
            Edge("np.divide(x, y, where=y != 0)", ([1.0, 1.0], [0.0, 2.0]), ([0.0, 0.5], [0.0, -0.25]), "as np.log"),
            Edge("np.mean(x, where=[True, False])", ([1.0, nan],), ([1.0, 0.0],), "and of every reduction"),
            Edge("np.max(x, where=[True, False], initial=-np.inf)", ([1.0, nan],), ([1.0, 0.0],), "as np.mean"),
        ),
    ),
    Contract(
        (
            "numpy.copyto", "numpy.put", "numpy.place", "numpy.putmask", "numpy.put_along_axis", "numpy.fill_diagonal",
        ),
        "all numbers; what was written over has gradient 0",
        (
            Edge("(lambda w: np.copyto(w, 0, where=x <= 0) or w)(np.sqrt(x))", ([-1.0, 0.0, 4.0],),
                 ([0.0, 0.0, 0.25],), "as where", ([0.0, 0.0, -1 / 32],)),
        ),
    ),
    Contract(
        ("numpy.hypot.reduce", "numpy.logaddexp.reduce", "numpy.fmax.reduce", "numpy.maximum.accumulate"),
        "all numbers; reductions and accumulations are as their functions",
        (
            Edge("np.hypot.reduce(x)", ([0.0, 0.0],), ([0.0, 0.0],), "the subgradient of least norm"),
            Edge("np.logaddexp.reduce(x)", ([-inf, -inf],), ([0.0, 0.0],), "as ag.logsumexp"),
            Edge("np.fmax.reduce(x)", ([nan, 1.0, 1.0],), ([0.0, 0.5, 0.5],), "nan is ignored, ties share evenly"),
            Edge("np.maximum.accumulate(x)", ([1.0, 1.0, 0.0],), ([2.0, 1.0, 0.0],), "ties share evenly, every time"),
        ),
    ),
)  # fmt: skip
