"""Tables of pandas and Polars and labelled arrays of xarray beside tensors: operators on both sides, and as data."""

import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

import nn
from autograd import CompileError, DtypeError, GraphError, Tensor, compile, grad, tensor, vmap
from autograd.extend import borrow

NUMBERS = np.array([[1.0, 2.5], [2.0, 4.0], [4.0, 3.0]])
T = np.array([[2.0, 0.5], [2.0, 3.0], [1.5, 2.0]])
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("lt", "le", "eq", "ne", "gt", "ge")
}
ALL = OPERATORS | COMPARISONS
PANDAS: dict[str, Callable[[], Any]] = {
    "Series": lambda: pd.Series(NUMBERS[:, 1], index=list("abc")),
    "nullable Series": lambda: pd.Series([1, 3, 4], dtype="Int64"),
    "Index": lambda: pd.Index(NUMBERS[:, 1]),
    "DataFrame": lambda: pd.DataFrame(NUMBERS, columns=["x", "y"]),
}
POLARS: dict[str, Callable[[], Any]] = {
    "Series": lambda: pl.Series("x", NUMBERS[:, 1]),
    "integers": lambda: pl.Series("x", [1, 3, 4]),
    "DataFrame": lambda: pl.DataFrame(NUMBERS, schema=["x", "y"]),
}


def beside(table: Any) -> tuple[Any, Any]:
    """Return the numbers of a table, and a tensor of its shape."""
    numbers = np.asarray(table.to_numpy(), float)
    return numbers, tensor(T if numbers.ndim == 2 else T[:, 1], requires_grad=True)


def check(found: Any, expected: Any, x: Any, y: Any) -> None:
    """Compare a result and its gradient with those that an array gives in the place of the table."""
    assert type(found) is Tensor
    np.testing.assert_array_equal(found.data, np.asarray(borrow(expected)))
    assert found.requires_grad is (found.dtype != bool)
    if found.requires_grad:
        found.sum().backward()
        expected.sum().backward()
        np.testing.assert_array_equal(x.grad.data, y.grad.data)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", PANDAS)
def test_operators_of_pandas_on_both_sides(kind: str, name: str) -> None:
    apply, table = ALL[name], PANDAS[kind]()
    for left in (True, False):
        (numbers, x), (_, y) = beside(table), beside(table)
        if left:
            check(apply(table, x), apply(numbers, y), x, y)
        else:
            check(apply(x, table), apply(y, numbers), x, y)


def test_ufuncs_and_one_element_beside_pandas() -> None:
    for make in PANDAS.values():
        table = make()
        numbers, x = beside(table)
        if isinstance(table, pd.Index):  # which makes an index of what it is given
            with pytest.raises(GraphError, match=r"np\.multiply\(\) on this tensor"):
                np.multiply(table, x)
        for found in (x * table if isinstance(table, pd.Index) else np.multiply(table, x), np.multiply(x, table)):
            assert type(found) is Tensor
            assert found.requires_grad
            np.testing.assert_array_equal(found.data, numbers * x.data)
        assert grad(lambda a, table=table: (table * a).sum())(2.0) == numbers.sum()
        assert grad(lambda a, table=table: (a - table).sum())(2.0) == numbers.size
        constant = table - tensor(1.0)
        assert type(constant) is Tensor
        np.testing.assert_array_equal(constant.data, numbers - 1)


def test_columns_in_a_model_have_gradients() -> None:
    table = pd.DataFrame(NUMBERS, columns=["x", "y"])
    slope = tensor(2.0, requires_grad=True)
    loss = ((table["x"] * slope - table["y"]) ** 2).sum()
    loss.backward()
    expected = 2 * ((2 * NUMBERS[:, 0] - NUMBERS[:, 1]) * NUMBERS[:, 0]).sum()
    assert slope.grad.item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["Series", "DataFrame"])
def test_products_of_pandas_say_what_to_write(kind: str) -> None:
    table = PANDAS[kind]()
    x = tensor(np.ones(table.shape[-1]), requires_grad=True)
    with pytest.raises(GraphError, match=r"test_tables\.py:.*compute with table\.to_numpy\(\).*put the tensor first"):
        table @ x
    found = tensor(table) @ x
    found.sum().backward()
    assert found.requires_grad
    y = tensor(np.ones((1, table.shape[0])), requires_grad=True)
    np.testing.assert_array_equal((y @ table).data, np.ones((1, table.shape[0])) @ np.asarray(table))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", POLARS)
def test_operators_with_polars_on_the_right(kind: str, name: str) -> None:
    apply, table = ALL[name], POLARS[kind]()
    (numbers, x), (_, y) = beside(table), beside(table)
    check(apply(x, table), apply(y, numbers), x, y)


def test_products_with_polars_on_the_right() -> None:
    table, column = POLARS["DataFrame"](), POLARS["Series"]()
    x = tensor(np.ones(3), requires_grad=True)
    np.testing.assert_array_equal((x @ table).data, NUMBERS.sum(axis=0))
    (x @ column).backward()
    np.testing.assert_array_equal(x.grad.data, NUMBERS[:, 1])


@pytest.mark.parametrize("x", [tensor(2.0, requires_grad=True), tensor(np.ones(3), requires_grad=True)])
@pytest.mark.parametrize("name", ALL)
def test_no_operator_of_polars_takes_a_value_silently(name: str, x: Tensor) -> None:
    for table in (pl.Series([1.0, 2.0, 3.0]), pl.DataFrame({"a": [1.0, 2.0, 3.0]}), pl.col("a")):
        try:
            found = ALL[name](table, x)
        except (TypeError, GraphError, pl.exceptions.PolarsError):
            continue
        assert type(found) is Tensor  # of a DataFrame, which has no power of its own
        assert found.requires_grad


def test_tables_that_are_not_of_numbers_say_what_is_in_them() -> None:
    frame = pd.DataFrame({"age": [22.0, 38.0], "sex": ["m", "f"]})
    x = tensor([1.0, 2.0], requires_grad=True)
    missing: Any = [1.0, None]
    strings, objects = np.array(["a", "b"]), np.array([1, 2.5], object)
    for call, words in (
        (lambda: tensor(frame), r"^'sex' \(.*\) of a DataFrame is not of numbers: leave it out"),
        (lambda: tensor(frame["sex"]), "^'sex' .* of a Series is not of numbers"),
        (lambda: Tensor(frame), "^'sex' .* of a DataFrame is not of numbers"),
        (lambda: tensor(missing), "^a tensor holds numbers, not NoneType values such as None$"),
        (lambda: tensor(strings), "^a tensor holds numbers, not str values such as 'a'$"),
        (
            lambda: tensor(objects),
            r"^a tensor holds numbers, not object values: if they are numbers, x.astype\(float\)",
        ),
        (lambda: frame.to_numpy() @ x, f"was given an array of objects at {__file__}:.*, of str values such as 'm'$"),
        (lambda: x * frame.to_numpy(), f"was given an array of objects at {__file__}:.*, of str values such as 'm'$"),
        (lambda: x + strings, f"was given an array of strings at {__file__}:.*, of str values such as 'a'$"),
        (lambda: x * objects, r"of object values: if they are numbers, x.astype\(float\) makes an array of them$"),
    ):
        with pytest.raises(DtypeError, match=words):
            call()
    assert tensor(pd.Series([1, 3], dtype="Int64")).data.tolist() == [1, 3]


def test_polars_as_data_of_a_tensor() -> None:
    assert tensor(pl.Series([1, 2])).dtype == np.int64
    assert tensor(pl.Series([True, False])).dtype == bool
    np.testing.assert_array_equal(tensor(POLARS["DataFrame"]()).data, NUMBERS)
    assert Tensor(pl.DataFrame({"a": [1, 2], "b": [0.5, 1.0]})).data.tolist() == [[1.0, 0.5], [2.0, 1.0]]
    for make in (tensor, Tensor):
        with pytest.raises(DtypeError, match=r"1 values of 'b' are missing in a DataFrame of Polars.*drop_nulls"):
            make(pl.DataFrame({"a": [1, 2], "b": [0.5, None]}))
        with pytest.raises(DtypeError, match=r"'a' \(String\) of a DataFrame of Polars is not of numbers"):
            make(pl.DataFrame({"a": ["x", "y"]}))


def test_columns_of_polars_and_arrow_are_made_of_constants_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x = tensor(NUMBERS[:, 0], requires_grad=True)
    made: list[Callable[[Any], Any]] = [
        pl.Series,
        lambda t: pl.DataFrame({"a": t})["a"],
        lambda t: pa.table({"a": t})["a"],
    ]
    for make in made:
        for dtype in ("float64", "float32", "int8", "bool"):
            np.testing.assert_array_equal(make(x.detach().astype(dtype)).to_numpy(), NUMBERS[:, 0].astype(dtype))
        with pytest.raises(GraphError, match=r"test_tables\.py:.*pass t\.detach\(\)"):
            make(x)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TypeError, match=r"a column is made of t\.data, .*test_tables\.py"):
        pl.Series(x.detach())


def test_compile_refuses_a_table_of_polars() -> None:
    program = compile(lambda x, table: (x * table).sum())
    with pytest.raises(CompileError, match=r"a Polars Series as an argument.*to_numpy"):
        program(np.ones(3), POLARS["Series"]())


def trained(data: Any, **options: Any) -> nn.Linear:
    nn.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    nn.fit(model, data, nn.MSELoss(), optimizer, epochs=2, seed=0, verbose=False, **options)
    return model


def test_polars_and_xarray_train_as_their_numbers_do() -> None:
    target = NUMBERS[:, :1] - 1
    table, labels = POLARS["DataFrame"](), pl.DataFrame({"price": target[:, 0]})
    plain = trained((NUMBERS, target))
    model = trained((table, labels), validation=(table.select("y", "x"), labels))
    labelled = trained((xr.DataArray(NUMBERS, dims=("row", "column")), xr.DataArray(target, dims=("row", "column"))))
    for other in (model, labelled):
        assert np.array_equal(other.weight.data, plain.weight.data)
    assert model.feature_names_in_ == ["x", "y"]
    mixed = table.select("y", "x").with_columns(note=pl.lit("text"))
    np.testing.assert_allclose(nn.predict(model, mixed), nn.predict(plain, NUMBERS), rtol=1e-6)
    frame = pd.DataFrame(NUMBERS, columns=["x", "y"])
    np.testing.assert_allclose(nn.predict(model, frame), nn.predict(plain, NUMBERS), rtol=1e-6)
    with pytest.raises(ValueError, match=r"columns \['y'\] are missing"):
        nn.predict(model, table.select("x"))
    with pytest.raises(ValueError, match=r"values are missing, by column: \{'y': 1\}"):
        trained((table.with_columns(y=pl.Series([1.0, None, 2.0])), labels))
    with pytest.raises(TypeError, match=r"'y' .*are not numbers"):
        trained((table.with_columns(y=pl.Series(["a", "b", "c"])), labels))


@pytest.mark.parametrize("name", OPERATORS)
def test_arrays_of_xarray_hold_tensors(name: str) -> None:
    array = xr.DataArray(NUMBERS, dims=("row", "column"), coords={"column": ["x", "y"]})
    (_, x), (_, y) = beside(array), beside(array)
    found = OPERATORS[name](array, x)
    assert isinstance(found, xr.DataArray)
    assert found.sel(column="x").dims == ("row",)
    check(found.data, OPERATORS[name](NUMBERS, y), x, y)
    (_, x), (_, y) = beside(array), beside(array)
    found = OPERATORS[name](x, array)
    assert isinstance(found, xr.DataArray)
    check(found.data, OPERATORS[name](y, NUMBERS), x, y)
    ways: list[Any] = [lambda a: OPERATORS[name](array, a).data, lambda a: OPERATORS[name](a, array).data]
    for way in ways:
        batch = np.stack([x.data, x.data + 0.5])
        np.testing.assert_array_equal(vmap(way)(batch), np.stack([way(a) for a in batch]))
        slopes = vmap(grad(lambda a, way=way: np.sum(way(a))))(batch)
        np.testing.assert_array_equal(slopes, np.stack([grad(lambda a, way=way: np.sum(way(a)))(a) for a in batch]))


def test_derivatives_through_xarray() -> None:
    array = xr.DataArray(NUMBERS, dims=("row", "column"))

    def energy(weights: Any) -> Any:
        labelled = xr.DataArray(weights, dims="column")
        rates: Any = np.exp((array * labelled).sum("column") / 10)
        return (rates * array.sum("column")).mean("row").data

    def plain(weights: Any) -> Any:
        return (np.exp(NUMBERS @ weights / 10) * NUMBERS.sum(axis=1)).mean()

    at = np.array([0.5, -1.0])
    np.testing.assert_allclose(grad(energy)(at), grad(plain)(at))
    with pytest.raises(TypeError, match="data is a tuple"):
        trained((xr.Dataset({"a": array}), NUMBERS[:, :1]))


UFUNCS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal,
    "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", [*PANDAS, *(f"{kind} of Polars" for kind in POLARS)])
def test_elements_of_a_batch_beside_tables(kind: str, name: str) -> None:
    """The left operand of an operator of Polars is not asked."""
    of_polars = kind.endswith(" of Polars")
    apply, table = ALL[name], POLARS[kind.removesuffix(" of Polars")]() if of_polars else PANDAS[kind]()
    numbers, x = beside(table)
    batch = np.stack([x.data, x.data + 0.5])
    ufunc = UFUNCS[name]
    ways = [
        (lambda a: apply(a, table), lambda a: apply(a, numbers)),
        (lambda a: ufunc(a, table), lambda a: apply(a, numbers)),
    ]
    if not of_polars and kind != "Index":  # an Index looks at its operand itself
        ways.append((lambda a: apply(table, a), lambda a: apply(numbers, a)))
    for way, plain in ways:
        np.testing.assert_array_equal(vmap(way)(batch), vmap(plain)(batch))
        if name in OPERATORS:
            slopes = vmap(grad(lambda a, way=way: np.sum(way(a))))(batch)
            np.testing.assert_array_equal(slopes, vmap(grad(lambda a, plain=plain: np.sum(plain(a))))(batch))


def test_tables_without_numbers_beside_elements_of_a_batch() -> None:
    for table, words in (
        (pd.Series(["a", "b", "c"]), "is not of numbers"),
        (pd.Series([1.0, None, 2.0]), "values are missing in a Series"),
        (pl.Series("x", [1.0, None, 2.0]), "1 values of 'x' are missing"),
    ):
        with pytest.raises(DtypeError, match=words):
            vmap(lambda a, table=table: a * table)(np.ones((2, 3)))


def by_group(array: Any) -> Any:
    return array.assign_coords(group=("x", [0, 0, 1, 1])).groupby("group")


def written(array: Any) -> Any:
    copied = array.copy()
    copied[{"x": 0}] = 2.0
    copied += 1
    return copied


METHODS: dict[str, Callable[[Any], Any]] = {
    "shift": lambda a: a.shift(x=1, fill_value=0.0),
    "roll": lambda a: a.roll(x=1, roll_coords=True),
    "pad": lambda a: a.pad(x=(1, 2), mode="reflect"),
    "pad with nan": lambda a: a.pad(x=1).fillna(a.mean()),
    "rolling mean": lambda a: a.rolling(x=2, min_periods=1).mean(),
    "rolling maximum": lambda a: a.rolling(x=3, center=True, min_periods=1).max(),
    "rolling deviation": lambda a: a.rolling(y=2).std().isel(y=slice(1, None)),
    "rolling windows": lambda a: a.rolling(x=2).construct("window", fill_value=1.0),
    "differentiate": lambda a: a.differentiate("y", edge_order=2),
    "integrate": lambda a: a.integrate("x"),
    "cumulative integral": lambda a: a.cumulative_integrate("x"),
    "diff": lambda a: a.diff("x", 2),
    "cumsum": lambda a: a.cumsum("x"),
    "cumprod": lambda a: a.cumprod("x", skipna=False),
    "std": lambda a: a.std("x", ddof=1),
    "median": lambda a: a.median("x"),
    "quantile": lambda a: a.quantile([0.3, 0.5], "x"),
    "where": lambda a: a.where(a > 3, a**2),
    "where, dropped": lambda a: a.where(a.x > 1, drop=True),
    "mean of some": lambda a: a.where(a > 2).mean(),
    "sortby": lambda a: a.sortby("x", ascending=False),
    "reindex": lambda a: a.reindex(x=[0.0, 2.0, 9.0], fill_value=0.0),
    "align": lambda a: xr.align(a, a.isel(x=slice(0, 2)), join="inner")[0],
    "sel": lambda a: a.sel(x=1.9, method="nearest"),
    "stack": lambda a: a.stack(z=("x", "y")),
    "groups' means": lambda a: by_group(a).mean(),
    "beside groups": lambda a: by_group(a) - by_group(a).mean(),
    "coarsen": lambda a: a.coarsen(x=2).mean(),
    "weighted": lambda a: a.weighted(a.isel(y=0, drop=True)).mean("x"),
    "dot": lambda a: a.dot(a, dim="x"),
    "cov": lambda a: xr.cov(a, a**2, dim="x"),
    "cross": lambda a: xr.cross(a, a**2, dim="y"),
    "polyval": lambda a: xr.polyval(a.x, a.isel(x=[0, 1]).rename(x="degree").assign_coords(degree=[0, 1])),
    "polyfit": lambda a: a.polyfit("x", 1).polyfit_coefficients,
    "any of NumPy": lambda a: a * (1 + np.any(a > 3, axis=0)) + np.all(a > 3),
    "concat": lambda a: xr.concat([a, a**2], "x"),
    "apply_ufunc": lambda a: xr.apply_ufunc(lambda v: v.max(-1), a, input_core_dims=[["y"]]),
    "copy": lambda a: a.copy(),
    "Dataset": lambda a: xr.Dataset({"a": a, "b": a**2}).to_array(),
    "written": written,
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_xarray_have_values_and_gradients(name: str) -> None:
    at = np.random.default_rng(0).normal(3, 1, (4, 3))

    def of(x: Any) -> Any:
        array = xr.DataArray(x, dims=("x", "y"), coords={"x": np.arange(4.0), "y": [0.0, 1.0, 3.0]})
        return METHODS[name](array).data

    leaf = tensor(at, requires_grad=True)
    found = of(leaf)
    np.testing.assert_allclose(found.data, of(at), rtol=1e-12)
    weights = np.cos(np.arange(found.size)).reshape(found.shape)
    np.sum(found * weights).backward()
    slopes = np.zeros_like(at)
    for place in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        slopes[place] = np.sum((of(at + step) - of(at - step)) / 2e-6 * weights)
    assert leaf.grad is not None
    np.testing.assert_allclose(leaf.grad.data, slopes, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(grad(lambda x: np.sum(of(x) * weights))(at), leaf.grad.data, rtol=1e-12)


@pytest.mark.parametrize("key", ["a", ["a", "b"], (0, "a")])
def test_labels_of_tables_are_no_indices(key: Any) -> None:
    """A function that is differentiated is given a tensor, which has no columns."""
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    with pytest.raises(IndexError, match=r"'a' is no index: a tensor has no labels.*to_numpy"):
        grad(lambda x: np.sum(x[key]))(table)
    columns = {name: table[name].to_numpy() for name in table}
    assert list(grad(lambda x: np.sum(x["a"] ** 2))(columns)["a"]) == [2.0, 4.0]  # the remedy


@pytest.mark.parametrize(
    ("table", "warns"),
    [
        (pd.Series([1.0, 2.0, 3.0]), False),
        (pd.Series([1.0, 2.0], index=["a", "b"]), False),
        (pd.DataFrame({"a": [1.0, 2.0]}), False),
        (pd.Series([1.0, 2.0, 3.0])[1:], True),
        (pd.Series([1.0, 2.0], index=[1, 0]), True),
        (pd.DataFrame(NUMBERS), True),
    ],
)
def test_labels_that_are_integers_are_told_from_positions(table: Any, warns: bool) -> None:
    """``x[1]`` of the table is not ``x[1]`` of the tensor that stands for it."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        grad(lambda x: np.sum(x**2))(table)
        told = [str(each.message) for each in found]
        grad(lambda x: np.sum(x**2))(table.to_numpy())
    assert len(found) == len(told) == warns
    assert all("a tensor in place of this" in text and "to_numpy()" in text for text in told)
