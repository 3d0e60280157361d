"""Where weighted means, covariances, medians and quantiles are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call
from .nan_samples import by_name, with_gaps
from .reduce_samples import axes, distinct, not_empty

# Those between elements are differentiable in q; the others choose an element.
BETWEEN = ["linear", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"]
CHOOSING = ["lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation"]
METHODS = [*BETWEEN, *CHOOSING]
WEIGHTS = (0.25, 2.0)


# Weighted means


@st.composite
def averages(draw: st.DrawFn) -> tuple[Array, Array, Any]:
    """Draw weights of the shape of the elements, or one for each place along the axes that are averaged."""
    x = draw(arrays(not_empty))
    axis = draw(axes(x))
    shapes = [x.shape]
    if isinstance(axis, int):
        shapes.append((x.shape[axis],))
    elif axis is not None:
        shapes.append(tuple(x.shape[a] for a in axis))
    return x, draw(arrays(st.sampled_from(shapes), between=WEIGHTS)), axis


# Covariances


@st.composite
def covariances(draw: st.DrawFn, weighted: bool) -> Call:
    """Draw one or two sets of variables; the weights of observations are differentiated too."""
    observations = draw(st.integers(4, 5))
    rowvar = draw(st.booleans())

    def variables(offset: float) -> Live:
        shape = st.sampled_from([(observations,), (2, observations), (3, observations)])
        x = draw(arrays(shape, offset=offset, distinct=True))
        return Live(x if rowvar or x.ndim == 1 else x.T)

    inputs = (variables(0.25), draw(st.none() | st.just(0.75).map(variables)), rowvar)
    if not weighted:
        return call(*inputs)
    counts = st.none() | st.lists(st.integers(1, 3), min_size=observations, max_size=observations)
    weights = st.none() | arrays((observations,), between=WEIGHTS).map(Live)
    return call(*inputs, draw(st.booleans()), draw(st.sampled_from([None, 0, 1])), draw(counts), draw(weights))


# Quantiles


@st.composite
def rows(draw: st.DrawFn) -> tuple[Array, dict[str, Any]]:
    x = draw(distinct)
    return x, {"axis": draw(axes(x)), "keepdims": draw(st.booleans())}


def in_order(drawn: Call) -> Call:
    """Put the arguments in the order of the declared operation, in which they are drawn."""
    return call(*drawn.args, *drawn.kwargs.values())


@st.composite
def quantiles(draw: st.DrawFn, inputs: st.SearchStrategy[Any], whole: float = 1, most: int = 2) -> Call:
    """Draw quantiles between elements: at an element they have a kink, or the choice jumps."""
    x, options = draw(inputs)
    shapes = [shape for shape in ((), (1,), (3,), (2, 2)) if len(shape) <= most]
    # A part in 61 and a thousandth is no part of any number of elements drawn here, whatever the method adds to it.
    parts = draw(numpy_strategies.arrays(np.int64, st.sampled_from(shapes), elements=st.integers(1, 60)))
    q = np.asarray((parts / 61 + 1e-3) * whole)
    weights, given = None, draw(st.sampled_from([q, Live(q)]))
    if draw(st.booleans()):
        method, given = draw(st.sampled_from(BETWEEN)), Live(q)
    elif draw(st.booleans()):
        method = draw(st.sampled_from(CHOOSING))
    else:
        method, weights = "inverted_cdf", draw(arrays(x.shape, between=WEIGHTS, offset=1 / 3))
    return call(Live(x), given, axis=options["axis"], method=method, keepdims=options["keepdims"], weights=weights)


medians, medians_of_rest = rows().map(by_name), with_gaps().map(by_name)
whole, percent = quantiles(rows()), quantiles(rows(), 100)
gaps, gaps_percent = quantiles(with_gaps(), most=1), quantiles(with_gaps(), 100, most=1)

SAMPLES: dict[Function | str, Samples] = {
    np.average: Samples(
        st.builds(
            lambda drawn, returned, keepdims: call(
                Live(drawn[0]), drawn[2], Live(drawn[1]), returned, keepdims=keepdims
            ),
            averages(),
            st.booleans(),
            st.booleans(),
        )
    ),
    "average": Samples(
        st.builds(
            lambda drawn, keepdims: call(Live(drawn[0]), Live(drawn[1]), drawn[2], keepdims), averages(), st.booleans()
        )
    ),
    np.cov: Samples(covariances(weighted=True), exact=False),
    np.corrcoef: Samples(covariances(weighted=False), exact=False),
    np.median: Samples(medians),
    np.nanmedian: Samples(medians_of_rest),
    "median": Samples(medians.map(in_order)),
    "nanmedian": Samples(medians_of_rest.map(in_order)),
    np.quantile: Samples(whole),
    np.percentile: Samples(percent),
    np.nanquantile: Samples(gaps),
    np.nanpercentile: Samples(gaps_percent),
    "quantile": Samples(whole.map(in_order)),
    "percentile": Samples(percent.map(in_order)),
    "nanquantile": Samples(gaps.map(in_order)),
    "nanpercentile": Samples(gaps_percent.map(in_order)),
}
