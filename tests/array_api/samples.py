"""Calls of every function of the standard, drawn by Hypothesis: shapes, dtypes, arguments.

Arrays are drawn as ndarrays; who makes a call puts in their place the arrays of a namespace.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from .standard import BINARY, UNARY

Draw = Callable[[st.SearchStrategy[Any]], Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
REAL = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
KINDS = {
    "bool": [["bool"]],
    "integer": [SIGNED, UNSIGNED],
    "integer or bool": [["bool"], SIGNED, UNSIGNED],
    "real floating": [REAL],
    "complex": [COMPLEX],
    "floating": [REAL, COMPLEX],
    "real": [SIGNED, UNSIGNED, REAL],
    "numeric": [SIGNED, UNSIGNED, REAL, COMPLEX],
    "any": [["bool"], SIGNED, UNSIGNED, REAL, COMPLEX],
}
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 7.25, 1e-3, 30.0]
SPECIAL = [*FLOATS, float("inf"), float("-inf"), float("nan")]


def elements(dtype: str, special: bool = False) -> st.SearchStrategy[Any]:
    """Few different values, so that they meet each other; with `special`, infinities and nan too."""
    kind = np.dtype(dtype).kind
    floats = st.sampled_from(SPECIAL if special else FLOATS)
    if kind == "f":
        return floats
    if kind == "c":
        return st.builds(complex, floats, floats)
    return st.booleans() if kind == "b" else st.integers(0 if kind == "u" else -4, 5)


def shapes(least: int = 0, most: int = 3, side: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    return nps.array_shapes(min_dims=least, max_dims=most, min_side=side, max_side=4)


def arrays(dtype: str, shape: Any, special: bool = False) -> st.SearchStrategy[Any]:
    return nps.arrays(dtype, shape, elements=elements(dtype, special))


def dtypes(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([dtype for group in KINDS[kind] for dtype in group])


@st.composite
def array(draw: Draw, kind: str, least: int = 0, most: int = 3, side: int = 0, special: bool = False) -> Any:
    return draw(arrays(draw(dtypes(kind)), draw(shapes(least, most, side)), special))


@st.composite
def unary(draw: Draw, kind: str) -> Arguments:
    return (draw(array(kind, special=True)),), {}


def scalar(dtype: str) -> st.SearchStrategy[Any]:
    """Python numbers that the standard lets stand beside an array of this dtype."""
    kind = np.dtype(dtype).kind
    numbers = {"b": st.booleans(), "f": st.sampled_from([2, 0.5, -1.5]), "c": st.sampled_from([2, 0.5, 1 - 2j])}
    return numbers.get(kind, st.integers(1, 5))


def divisors(x: Any) -> Any:
    """Return integers without what NumPy refuses or leaves open: division by 0, negative powers and shifts."""
    return np.asarray(np.abs(x).clip(1, 3), x.dtype) if x.dtype.kind in "iu" else x


@st.composite
def binary(draw: Draw, name: str, kind: str) -> Arguments:
    """Draw two arrays that broadcast, of dtypes that promote, or an array and a Python number on either side."""
    group = draw(st.sampled_from(KINDS[kind]))
    first, second = draw(st.sampled_from(group)), draw(st.sampled_from(group))
    side = draw(st.sampled_from(["arrays", "arrays", "left", "right"]))
    if side == "arrays":
        both = draw(nps.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
        x1, x2 = (draw(arrays(d, s, special=True)) for d, s in zip((first, second), both, strict=True))
    else:
        x1, x2 = draw(arrays(first, draw(shapes()), special=True)), draw(scalar(first))
    safe = name in ("floor_divide", "remainder", "pow", "bitwise_left_shift", "bitwise_right_shift")
    if side == "left":
        return (x2, divisors(x1) if safe else x1), {}
    return (x1, divisors(x2) if safe and side == "arrays" else x2), {}


@st.composite
def reduction(draw: Draw, kind: str, *, dtype: bool = False, correction: bool = False, least: int = 0) -> Arguments:
    x = draw(array(kind, side=least))
    axes = st.none()
    if x.ndim:
        one = st.integers(-x.ndim, x.ndim - 1)
        several = st.lists(st.integers(0, x.ndim - 1), unique=True, min_size=1, max_size=x.ndim).map(tuple)
        axes = st.one_of(axes, one, several)
    options = {"axis": draw(axes), "keepdims": draw(st.booleans())}
    if correction:
        options["correction"] = draw(st.sampled_from([0, 0.0, 0.5, 1]))
    if dtype and draw(st.booleans()):
        options["dtype"] = draw(st.sampled_from({"f": REAL, "c": COMPLEX}.get(x.dtype.kind, ["int64", "int32"])))
    return (x,), options


def axis_of(x: Any) -> st.SearchStrategy[int]:
    return st.integers(-x.ndim, x.ndim - 1)


@st.composite
def along_axis(draw: Draw, /, kind: str, least: int = 1, **options: st.SearchStrategy[Any]) -> Arguments:
    x = draw(array(kind, least=1, side=least))
    return (x,), {"axis": draw(axis_of(x)), **{name: draw(option) for name, option in options.items()}}


@st.composite
def cumulation(draw: Draw) -> Arguments:
    (x,), options = draw(along_axis("numeric", 0, include_initial=st.booleans()))
    if x.ndim == 1 and draw(st.booleans()):
        del options["axis"]
    return (x,), options


@st.composite
def with_shape(draw: Draw, /, **options: st.SearchStrategy[Any]) -> Arguments:
    shape = draw(st.one_of(st.integers(0, 3), shapes()))
    return (shape,), {"dtype": draw(st.none() | dtypes("any")), **{k: draw(option) for k, option in options.items()}}


@st.composite
def alike(draw: Draw, *values: st.SearchStrategy[Any]) -> Arguments:
    return (draw(array("any")), *map(draw, values)), {"dtype": draw(st.none() | dtypes("numeric"))}


@st.composite
def joined(draw: Draw, stacked: bool) -> Arguments:
    group = draw(st.sampled_from(KINDS["any"]))
    shape = draw(shapes(0 if stacked else 1))
    pieces = [draw(arrays(draw(st.sampled_from(group)), shape)) for _ in range(draw(st.integers(1, 3)))]
    axes = st.integers(-len(shape) - stacked, len(shape) - 1 + stacked)
    return (pieces,), {"axis": draw(axes if stacked else st.none() | axes)}


@st.composite
def clipped(draw: Draw) -> Arguments:
    dtype = draw(dtypes("real"))
    x = draw(arrays(dtype, draw(shapes()), special=True))
    low, high = (draw(st.none() | st.just(bound) | st.just(np.full(x.shape[-1:], bound, dtype))) for bound in (1, 3))
    return (x, low, high), {}


@st.composite
def reshaped(draw: Draw) -> Arguments:
    x = draw(array("any", side=1))
    sides = list(draw(st.permutations(x.shape)))
    if len(sides) > 1 and draw(st.booleans()):
        sides[0:2] = [sides[0] * sides[1]]
    if sides and draw(st.booleans()):
        sides[-1] = -1
    return (x, tuple(sides)), {"copy": draw(st.sampled_from([None, True, False]))}


@st.composite
def rolled(draw: Draw) -> Arguments:
    x = draw(array("any", least=1))
    if draw(st.booleans()):
        return (x, draw(st.integers(-5, 5))), {"axis": draw(st.none() | axis_of(x))}
    axes = draw(st.lists(axis_of(x), min_size=1, max_size=2))
    return (x, tuple(draw(st.integers(-3, 3)) for _ in axes)), {"axis": tuple(axes)}


@st.composite
def squeezed(draw: Draw) -> Arguments:
    shape = draw(shapes(1, 2))
    places = sorted(draw(st.sets(st.integers(0, len(shape)), min_size=1, max_size=2)), reverse=True)
    full = list(shape)
    for place in places:
        full.insert(place, 1)
    ones = tuple(i for i, n in enumerate(full) if n == 1)
    return (
        draw(arrays(draw(dtypes("any")), tuple(full))),
        draw(st.sampled_from([ones, ones[0], ones[0] - len(full)])),
    ), {}


@st.composite
def moved(draw: Draw) -> Arguments:
    x = draw(array("any", least=1))
    if draw(st.booleans()):
        return (x, draw(axis_of(x)), draw(axis_of(x))), {}
    count = draw(st.integers(1, x.ndim))
    return (x, *(tuple(draw(st.permutations(range(x.ndim))))[:count] for _ in range(2))), {}


@st.composite
def repeated(draw: Draw) -> Arguments:
    x = draw(array("any", least=1))
    axis = draw(st.none() | axis_of(x))
    n = x.size if axis is None else x.shape[axis]
    each = st.integers(0, 3) | arrays("int64", (n,)).map(np.abs) | arrays("uint64", (n,))
    return (x, draw(each)), {"axis": axis}


@st.composite
def taken(draw: Draw) -> Arguments:
    x = draw(array("any", least=1, side=1))
    axis = draw(axis_of(x))
    indices = draw(nps.arrays("int64", st.integers(0, 5), elements=st.integers(-x.shape[axis], x.shape[axis] - 1)))
    return (x, indices), {} if x.ndim == 1 and draw(st.booleans()) else {"axis": axis}


@st.composite
def taken_along_axis(draw: Draw) -> Arguments:
    x = draw(array("any", least=1, side=1))
    axis = draw(axis_of(x))
    shape = list(x.shape)
    shape[axis] = draw(st.integers(0, 3))
    indices = draw(nps.arrays("int64", tuple(shape), elements=st.integers(-x.shape[axis], x.shape[axis] - 1)))
    return (x, indices), {} if axis == -1 else {"axis": axis}


@st.composite
def chosen(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["any"]))
    three = draw(nps.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3)).input_shapes
    condition = draw(arrays("bool", three[0]))
    x1, x2 = (draw(arrays(draw(st.sampled_from(group)), shape)) for shape in three[1:])
    if draw(st.booleans()):
        x2 = draw(scalar(str(x1.dtype)))
        return (condition, *((x1, x2) if draw(st.booleans()) else (x2, x1))), {}
    return (condition, x1, x2), {}


@st.composite
def searched(draw: Draw) -> Arguments:
    dtype = draw(dtypes("real"))
    x = draw(arrays(dtype, draw(st.integers(0, 5))))
    options: dict[str, Any] = {"side": draw(st.sampled_from(["left", "right"]))}
    if draw(st.booleans()):
        options["sorter"] = np.argsort(x)
    else:
        x = np.sort(x)
    return (x, draw(arrays(dtype, draw(shapes())))), options


@st.composite
def differences(draw: Draw) -> Arguments:
    (x,), options = draw(along_axis("numeric", n=st.integers(0, 3)))
    for name in ("prepend", "append"):
        if draw(st.booleans()):
            shape = list(x.shape)
            shape[options["axis"]] = draw(st.integers(0, 2))
            options[name] = draw(arrays(str(x.dtype), tuple(shape)))
    return (x,), options


@st.composite
def multiplied(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["numeric"]))
    n = draw(st.integers(1, 3))
    first = draw(st.sampled_from([(n,), (2, n), (3, 2, n)]))
    second = draw(st.sampled_from([(n,), (n, 2), (3, n, 1), (1, n, 4)]))
    return tuple(draw(arrays(draw(st.sampled_from(group)), shape)) for shape in (first, second)), {}


@st.composite
def contracted(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["numeric"]))
    shape = draw(shapes(1, 3, 1))
    x1 = draw(arrays(draw(st.sampled_from(group)), shape))
    if draw(st.booleans()):
        count = draw(st.integers(0, len(shape)))
        rest = draw(shapes(0, 1))
        return (x1, draw(arrays(draw(st.sampled_from(group)), shape[len(shape) - count :] + rest))), {"axes": count}
    order = draw(st.permutations(range(len(shape))))
    axes = (list(order), list(range(len(shape))))
    return (x1, draw(arrays(draw(st.sampled_from(group)), tuple(shape[i] for i in order)))), {"axes": axes}


@st.composite
def vector_products(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["numeric"]))
    shape = draw(shapes(1, 3, 1))
    axis = draw(st.integers(-len(shape), -1))
    other = shape if draw(st.booleans()) else shape[axis:]
    return tuple(draw(arrays(draw(st.sampled_from(group)), s)) for s in (shape, other)), {"axis": axis}


@st.composite
def cast(draw: Draw) -> Arguments:
    source = draw(dtypes("any"))
    target = draw(dtypes("complex") if np.dtype(source).kind == "c" else dtypes("any"))
    x = draw(arrays(source, draw(shapes())))
    return (np.asarray(abs(x), source) if np.dtype(target).kind == "u" else x, np.dtype(target)), {
        "copy": draw(st.booleans())
    }


@st.composite
def grids(draw: Draw) -> Arguments:
    dtype = draw(dtypes("numeric"))
    axes = [draw(arrays(dtype, draw(st.integers(1, 3)))) for _ in range(draw(st.integers(1, 3)))]
    return tuple(axes), {"indexing": draw(st.sampled_from(["xy", "ij"]))}


@st.composite
def broadcast(draw: Draw) -> Arguments:
    both = draw(nps.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
    x = draw(arrays(draw(dtypes("any")), both.input_shapes[0]))
    return (x, both.result_shape), {}


@st.composite
def broadcast_together(draw: Draw) -> Arguments:
    several = draw(nps.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3)).input_shapes
    return tuple(draw(arrays(draw(dtypes("any")), shape)) for shape in several), {}


numbers = st.sampled_from([0, 1, -3, 7, 0.5, -2.25, True])
CALLS: dict[str, st.SearchStrategy[Arguments]] = {
    **{name: unary(kind) for kind, names in UNARY.items() for name in names.split()},
    **{name: binary(name, kind) for kind, names in BINARY.items() for name in names.split()},
    "arange": st.tuples(
        st.one_of(
            st.tuples(st.integers(-3, 9)),
            st.tuples(st.integers(-3, 5), st.integers(-3, 9), st.integers(1, 3)),
            st.tuples(st.floats(-2, 2), st.floats(2, 5), st.sampled_from([0.5, 1.25])),
        ),
        st.fixed_dictionaries({"dtype": st.none() | dtypes("real floating")}),
    ),
    "asarray": st.tuples(
        st.tuples(array("any") | array("any").map(lambda x: x.tolist())),
        st.fixed_dictionaries({"dtype": st.none() | dtypes("complex"), "copy": st.sampled_from([None, True])}),
    ),
    "eye": st.tuples(
        st.tuples(st.integers(0, 3)) | st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)),
        st.fixed_dictionaries({"k": st.integers(-2, 2), "dtype": st.none() | dtypes("numeric")}),
    ),
    "full": st.tuples(
        st.tuples(shapes(), numbers | st.just(1 - 2j)), st.fixed_dictionaries({"dtype": st.none() | dtypes("complex")})
    ),
    "full_like": alike(st.integers(0, 5)),
    "linspace": st.tuples(
        st.tuples(st.floats(-2, 2), st.integers(-3, 3), st.integers(0, 6)),
        st.fixed_dictionaries({"endpoint": st.booleans(), "dtype": st.none() | dtypes("floating")}),
    ),
    "meshgrid": grids(),
    "ones": with_shape(),
    "ones_like": alike(),
    "tril": st.tuples(st.tuples(array("any", 2)), st.fixed_dictionaries({"k": st.integers(-3, 3)})),
    "triu": st.tuples(st.tuples(array("any", 2)), st.fixed_dictionaries({"k": st.integers(-3, 3)})),
    "zeros": with_shape(),
    "zeros_like": alike(),
    "astype": cast(),
    "take": taken(),
    "take_along_axis": taken_along_axis(),
    "matmul": multiplied(),
    "matrix_transpose": st.tuples(st.tuples(array("any", 2)), st.just({})),
    "tensordot": contracted(),
    "vecdot": vector_products(),
    "broadcast_arrays": broadcast_together(),
    "broadcast_to": broadcast(),
    "concat": joined(stacked=False),
    "expand_dims": along_axis("any", 0),
    "flip": reduction("any").map(lambda call: (call[0], {"axis": call[1]["axis"]})),
    "moveaxis": moved(),
    "permute_dims": array("any").flatmap(
        lambda x: st.tuples(st.tuples(st.just(x), st.permutations(range(x.ndim)).map(tuple)), st.just({}))
    ),
    "repeat": repeated(),
    "reshape": reshaped(),
    "roll": rolled(),
    "squeeze": squeezed(),
    "stack": joined(stacked=True),
    "tile": st.tuples(st.tuples(array("any"), st.lists(st.integers(0, 3), max_size=4).map(tuple)), st.just({})),
    "unstack": along_axis("any", 0),
    "argmax": along_axis("real", keepdims=st.booleans()),
    "argmin": along_axis("real", keepdims=st.booleans()),
    "count_nonzero": reduction("any"),
    "nonzero": st.tuples(st.tuples(array("any", 1)), st.just({})),
    "searchsorted": searched(),
    "where": chosen(),
    **{
        name: st.tuples(st.tuples(array("any", special=name == "unique_values")), st.just({}))
        for name in ("unique_all", "unique_counts", "unique_inverse", "unique_values")
    },
    # without invert=, which array_api_strict 2.6 takes and does not heed
    "isin": array("integer").flatmap(lambda x: st.tuples(st.tuples(st.just(x), arrays(x.dtype, (3,))), st.just({}))),
    "argsort": along_axis("real", 0, descending=st.booleans(), stable=st.just(True)),
    "sort": along_axis("real", 0, descending=st.booleans(), stable=st.booleans()),
    "cumulative_prod": cumulation(),
    "cumulative_sum": cumulation(),
    "max": reduction("real", least=1),
    "mean": reduction("floating", least=1),
    "min": reduction("real", least=1),
    "prod": reduction("numeric", dtype=True),
    "std": reduction("real floating", correction=True, least=2),
    "sum": reduction("numeric", dtype=True),
    "var": reduction("real floating", correction=True, least=2),
    "all": reduction("any"),
    "any": reduction("any"),
    "diff": differences(),
    "clip": clipped(),
    "sign": st.tuples(st.tuples(array("numeric")), st.just({})),  # NumPy's has no nan for complex infinities
    "expm1": st.tuples(st.tuples(array("floating")), st.just({})),  # NumPy's has nan for complex infinities
}
