"""The standard's tables of type promotion, by functions, operators and `result_type` alike."""

import operator
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, tensor
from autograd import array_api as xp

ROWS = {
    "int8": "int8 int16 int32 int64 | uint8:int16 uint16:int32 uint32:int64",
    "int16": "int16 int16 int32 int64 | uint8:int16 uint16:int32 uint32:int64",
    "int32": "int32 int32 int32 int64 | uint8:int32 uint16:int32 uint32:int64",
    "int64": "int64 int64 int64 int64 | uint8:int64 uint16:int64 uint32:int64",
    "uint8": "uint8 uint16 uint32 uint64",
    "uint16": "uint16 uint16 uint32 uint64",
    "uint32": "uint32 uint32 uint32 uint64",
    "uint64": "uint64 uint64 uint64 uint64",
    "float32": "float32 float64 complex64 complex128",
    "float64": "float64 float64 complex128 complex128",
    "complex64": "complex64 complex128 complex64 complex128",
    "complex128": "complex128 complex128 complex128 complex128",
}
COLUMNS = {
    "i": ["int8", "int16", "int32", "int64"],
    "u": ["uint8", "uint16", "uint32", "uint64"],
    "f": ["float32", "float64", "complex64", "complex128"],
}


def table() -> list[tuple[str, str, str]]:
    found = [("bool", "bool", "bool")]
    for row, cells in ROWS.items():
        plain, _, mixed = cells.partition("|")
        columns = COLUMNS[row[0] if row[0] in "iu" else "f"]
        found += [(row, column, cell) for column, cell in zip(columns, plain.split(), strict=True)]
        found += [(row, *cell.split(":")) for cell in mixed.split()]  # type: ignore[misc]
    return found + [(b, a, c) for a, b, c in found if a != b]


TABLE = table()
# Python's numbers are of the kind of the array that they stand beside; a complex one makes real numbers complex.
SCALARS = [
    *[("bool", True, "bool")],
    *[(dtype, 2, dtype) for dtype in ROWS],
    *[(dtype, 0.5, dtype) for dtype in COLUMNS["f"]],
    *[("float32", 1j, "complex64"), ("float64", 1j, "complex128"), ("complex64", 1j, "complex64")],
]


def ones(dtype: str, shape: Any = (2,)) -> Tensor:
    return xp.ones(shape, dtype=getattr(xp, dtype))


@pytest.mark.parametrize(("first", "second", "result"), TABLE)
def test_two_dtypes(first: str, second: str, result: str) -> None:
    wanted = np.dtype(result)
    assert xp.result_type(getattr(xp, first), getattr(xp, second)) == wanted
    assert xp.result_type(ones(first), getattr(xp, second)) == wanted
    for shapes in (((2,), (2,)), ((), (2,)), ((2,), ()), ((), ())):  # values and 0-d arrays make no difference
        x1, x2 = ones(first, shapes[0]), ones(second, shapes[1])
        assert xp.concat([xp.reshape(x1, (-1,)), xp.reshape(x2, (-1,))]).dtype == wanted
        assert xp.where(tensor(True), x1, x2).dtype == wanted
        assert (x1 == x2).dtype == xp.equal(x1, x2).dtype == xp.bool
        if first == "bool":
            assert (x1 & x2).dtype == xp.logical_and(x1, x2).dtype == wanted
            continue
        assert (x1 + x2).dtype == xp.add(x1, x2).dtype == wanted
        assert (x1 * x2).dtype == xp.multiply(x1, x2).dtype == wanted
        assert (x1**x2).dtype == xp.pow(x1, x2).dtype == wanted
        if wanted.kind in "iu":
            assert (x1 & x2).dtype == (x1 << x2).dtype == xp.bitwise_or(x1, x2).dtype == wanted
        if wanted.kind != "c":
            assert (x1 // x2).dtype == (x1 % x2).dtype == xp.maximum(x1, x2).dtype == wanted
    assert xp.can_cast(getattr(xp, first), wanted)


@pytest.mark.parametrize(("dtype", "scalar", "result"), SCALARS)
def test_dtype_and_python_number(dtype: str, scalar: Any, result: str) -> None:
    wanted = np.dtype(result)
    for x in (ones(dtype), ones(dtype, ())):
        operators: list[Any] = [operator.and_] if dtype == "bool" else [operator.add, operator.mul]
        for operate in operators:
            assert operate(x, scalar).dtype == operate(scalar, x).dtype == wanted
        assert xp.result_type(x, scalar) == xp.result_type(scalar, x.dtype) == wanted
        assert xp.where(tensor(True), x, scalar).dtype == xp.where(tensor(True), scalar, x).dtype == wanted


@pytest.mark.parametrize("dtype", COLUMNS["f"])
def test_dtype_stays_through_functions_that_only_numpy_widens(dtype: str) -> None:
    x = xp.reshape(ones(dtype, (4,)), (2, 2))
    complex_ = np.result_type(np.dtype(dtype), np.complex64)
    assert xp.sum(x).dtype == xp.mean(x).dtype == xp.prod(x).dtype == x.dtype
    assert xp.cumulative_sum(x, axis=0).dtype == x.dtype
    assert xp.linalg.matrix_norm(x).dtype == xp.linalg.vector_norm(x).dtype == xp.finfo(x).dtype
    assert xp.fft.fft(xp.astype(x, complex_)).dtype == complex_
    assert xp.linalg.det(x + 2 * xp.eye(2, dtype=x.dtype)).dtype == x.dtype


@pytest.mark.parametrize(
    ("dtype", "total"), [("int8", "int64"), ("int32", "int64"), ("uint8", "uint64"), ("int64", "int64")]
)
def test_sums_of_small_integers_are_wide(dtype: str, total: str) -> None:
    x = ones(dtype)
    for function in (xp.sum, xp.prod, xp.cumulative_sum, xp.cumulative_prod):
        assert function(x).dtype == np.dtype(total)
        assert function(x, dtype=xp.int16).dtype == xp.int16
    assert xp.linalg.trace(ones(dtype, (2, 2))).dtype == np.dtype(total)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_limits_of_floats_are_python_numbers(dtype: str) -> None:
    limits, wanted = xp.finfo(getattr(xp, dtype)), np.finfo(dtype)
    assert xp.finfo(ones(dtype)) == limits
    for name in ("eps", "max", "min", "smallest_normal"):
        assert type(getattr(limits, name)) is float
        assert getattr(limits, name) == float(getattr(wanted, name))
    assert (limits.bits, limits.dtype) == (wanted.bits, wanted.dtype)


@pytest.mark.parametrize("dtype", [*COLUMNS["i"], *COLUMNS["u"]])
def test_limits_of_integers(dtype: str) -> None:
    limits, wanted = xp.iinfo(ones(dtype)), np.iinfo(dtype)
    assert (limits.bits, limits.max, limits.min) == (wanted.bits, wanted.max, wanted.min)
    assert {type(limits.bits), type(limits.max), type(limits.min)} == {int}
    assert limits.dtype == np.dtype(dtype)


KINDS = {
    "bool": "b", "signed integer": "i", "unsigned integer": "u", "integral": "iu", "real floating": "f",
    "complex floating": "c", "numeric": "iufc",
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["bool", *ROWS])
def test_kind_of_a_dtype(dtype: str) -> None:
    own = getattr(xp, dtype)
    for kind, letters in KINDS.items():
        assert xp.isdtype(own, kind) is (own.kind in letters)
    assert xp.isdtype(own, own) is True
    assert xp.isdtype(own, ("bool", "numeric")) is True
    assert xp.isdtype(own, (xp.float32 if dtype != "float32" else xp.int8,)) is False


def test_casts_only_upwards() -> None:
    assert xp.can_cast(xp.float32, xp.float64) is True
    assert xp.can_cast(xp.float64, xp.float32) is False
    assert xp.can_cast(ones("int8"), xp.int64) is True
    assert xp.can_cast(xp.int64, xp.uint64) is False
