"""What `compile` refuses: lists that may only shrink, for a page of the documentation and the tests of `compile`."""

from __future__ import annotations

# Operations that are not recorded, and why. tests/compile/test_operations.py looks at every other one.
OPERATIONS = {
    "histogramdd": "returns a list of arrays within a tuple; np.histogram and np.histogram2d are recorded",
    "polygamma": "computed number by number in Python",
    "real_if_close": "the dtype of the result depends on values; `x.real` is recorded",
}
# Expressions of an array x (and an integer array i) that are refused, and what to write instead.
PROGRAMS = {
    "float(x.sum())": "return the array, and take the number outside",
    "x.item(0)": "return the array, and take the number outside",
    "x.tolist()": "return the array, and call `tolist()` outside",
    "x if x.sum() > 0 else -x": "`np.where(x.sum() > 0, x, -x)`",
    "max(x)": "`np.max(x)`",
    "sorted(x)": "`np.sort(x)`",
    "math.sin(x[0])": "`np.sin(x[0])`",
    "str(x)": "return the array, and print it outside",
    "f'{x.sum():.2f}'": "return the array, and print it outside",
    "np.array_equal(x, x)": "`(x == y).all()`, which is an array",
    "np.allclose(x, x)": "`np.isclose(x, y).all()`, which is an array",
    "x + np.random.normal(size=x.shape)": "draw outside, and pass the numbers; `nn.random` is recorded",
    "x + np.random.default_rng().normal(size=x.shape)": "draw outside, and pass the numbers",
    "np.random.permutation(x)": "draw the permutation outside: `x[order]`",
    "np.vectorize(abs)(x)": "a function of arrays",
    "[float(v) for v in np.nditer(x)]": "a function of arrays",
    "np.fromiter((v for v in x), float)": "`np.stack(list)`",
    "np.frombuffer(x)": "`x.view(dtype)`",
    "memoryview(x)": "do it outside",
    "pickle.dumps(x)": "do it outside",
    "np.ma.masked_array(x, x > 0)": "`np.where`, or `where=`",
    "np.modf(x, out=(np.empty_like(x), np.empty_like(x)))": "`np.modf(x)`; one array as `out=` is recorded",
    "np.nan_to_num(x, copy=False)": "`np.nan_to_num(x)`",
    "np.median(x, overwrite_input=True)": "`np.median(x)`",
    "x.byteswap(inplace=True)": "`x.byteswap()`",
    "x.resize(2)": "`np.resize(x, 2)`",
    "x.setflags(write=False)": "do it outside",
    "setattr(x, 'shape', (1, -1))": "`x.reshape(1, -1)`",
    "np.lib.stride_tricks.as_strided(x, (2,), (8,))": "`sliding_window_view`, or slices",
    "np.sin([1.0, 2.0]) * x[0]": "`np.sin(np.array([1.0, 2.0]))`: arrays that NumPy makes of lists are not seen",
}


def page(text: str, written: str) -> str:
    """Return the page about `compile` with the tables at its end."""
    head, mark, _ = text.partition(written)
    programs = "".join(f"| `{code.replace('|', chr(92) + '|')}` | {instead} |\n" for code, instead in PROGRAMS.items())
    operations = "".join(f"| `{name}` | {why} |\n" for name, why in sorted(OPERATIONS.items()))
    return (
        f"{head}{mark}\n| refused | instead |\n|---|---|\n{programs}\n"
        f"All differentiable operations are recorded, in all precisions and layouts, but these:\n\n"
        f"| operation | why |\n|---|---|\n{operations}"
    )
