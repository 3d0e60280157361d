"""What is special to the elementwise functions: edges, choices, functions of two results."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import DtypeError, Tensor, as_tensor, grad, hessian, jvp, tensor
from autograd.tensors.dispatch import operations, plain

# A function of dates, which tensors do not hold.
NOT_FOR_NUMBERS = {"isnat"}


def test_every_ufunc_of_numpy_is_declared() -> None:
    ufuncs = {name: f for name in dir(np) if isinstance(f := getattr(np, name), np.ufunc)}
    missing = {name for name, f in ufuncs.items() if f not in operations and f not in plain}
    assert missing == NOT_FOR_NUMBERS


def test_names_of_one_function_are_one_operation() -> None:
    assert operations[np.abs] is operations[np.absolute]
    assert operations[np.pow] is operations[np.power]


# clip


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 2, [0, 1, 1, 1, 0]), (None, 1, [1, 1, 1, 0, 0]), (1, None, [0, 0, 1, 1, 1]), (3, -2, [0, 0, 0, 0, 0])],
)
def test_clip_is_one_on_its_edge_and_zero_outside(low: Any, high: Any, expected: list[float]) -> None:
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(lambda x: np.clip(x, low, high).sum())(x), expected)


@pytest.mark.parametrize("kwargs", [{"a_min": 0, "a_max": 1}, {"min": 0, "max": 1}, {"max": 1}, {"min": 0}, {}])
def test_clip_takes_numpys_keywords(kwargs: dict[str, Any]) -> None:
    x = np.array([-1.0, 0.5, 2.0])
    expected = np.clip(x, kwargs.get("a_min", kwargs.get("min")), kwargs.get("a_max", kwargs.get("max")))
    np.testing.assert_array_equal(np.clip(tensor(x), **kwargs).data, expected)
    renamed: Any = {key.removeprefix("a_"): value for key, value in kwargs.items()}
    np.testing.assert_array_equal(tensor(x).clip(**renamed).data, expected)


def test_clip_gives_the_gradient_to_the_bound_that_is_the_result() -> None:
    x, low, high = (tensor(v, requires_grad=True) for v in ([-3.0, 0.0, 5.0], [-1.0, -1.0, -1.0], 2.0))
    np.clip(x, low, high).sum().backward()
    for t, expected in ((x, [0, 1, 0]), (low, [1, 0, 0]), (high, 1)):
        np.testing.assert_array_equal(t.grad.data, expected)


def test_where_the_bounds_of_clip_meet_the_result_is_the_upper_one() -> None:
    for x in (0.5, 1.0, 1.5):
        leaves = [tensor(value, requires_grad=True) for value in (x, 1.0, 1.0)]
        np.clip(leaves[0], leaves[1], leaves[2]).sum().backward()
        assert [leaf.grad is not None and leaf.grad.item() for leaf in leaves] == [0, 0, 1]


def test_clip_refuses_two_spellings_at_once() -> None:
    with pytest.raises(ValueError, match="min and max"):
        np.clip(tensor([1.0]), 0, max=1)


def test_clip_by_python_numbers_keeps_float32() -> None:
    assert np.clip(tensor([1.0], dtype="float32"), 0.0, 0.5).dtype == np.float32


# where


def test_where_stops_nan_of_the_branch_that_was_not_selected() -> None:
    x = np.array([4.0, -1.0, 0.0])
    with np.errstate(invalid="ignore", divide="ignore"):
        found = grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0).sum())(x)
    np.testing.assert_array_equal(found, [0.25, 0, 0])


def test_where_with_the_condition_alone_finds_places() -> None:
    (places,) = np.where(tensor([0.0, 1.0, 2.0], requires_grad=True))
    assert type(places) is np.ndarray
    np.testing.assert_array_equal(places, [1, 2])


def test_where_broadcasts_all_three() -> None:
    condition, x, y = (
        np.array([[True], [False]]),
        tensor([1.0, 2.0], requires_grad=True),
        tensor(5.0, requires_grad=True),
    )
    chosen = np.where(condition, x, y)
    np.testing.assert_array_equal(chosen.data, [[1, 2], [5, 5]])
    chosen.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [1, 1])
    assert y.grad.item() == 2


def test_where_takes_a_tensor_as_its_condition() -> None:
    x = tensor([1.0, -2.0], requires_grad=True)
    np.testing.assert_array_equal(np.where(tensor([True, False]), x, 0).data, [1, 0])


# dtypes


def test_astype_casts_the_gradient_back() -> None:
    x = tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    (y * y).sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad.data, [2, 4])


@pytest.mark.parametrize("dtype", [object, str, "U5", "S3", "datetime64[s]"])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_astype_gives_numbers_alone(dtype: Any, requires_grad: bool) -> None:
    x = tensor([1.5, 2.5], requires_grad=requires_grad)
    for cast in (x.astype, partial(np.astype, x)):
        with pytest.raises(DtypeError, match=r"a tensor holds numbers, not .*: t\.detach\(\)\.numpy"):
            cast(dtype)


def test_astype_to_integers_is_a_constant() -> None:
    y = tensor([1.5, 2.5], requires_grad=True).astype(int)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, [1, 2])
    with pytest.raises(DtypeError):
        y.requires_grad_()


# Functions of two results


def test_modf_and_frexp_keep_values_and_signs() -> None:
    x = np.array([-2.0, 0.75, -3.5, 1e-310, np.inf])
    for function in (np.modf, np.frexp):
        smooth, steps = map(as_tensor, function(tensor(x, requires_grad=True)))
        assert smooth.requires_grad
        np.testing.assert_array_equal(smooth.data, function(x)[0])
        np.testing.assert_array_equal(np.signbit(smooth.data), np.signbit(function(x)[0]))
        np.testing.assert_array_equal(np.signbit(steps), np.signbit(function(x)[1]))
        np.testing.assert_array_equal(steps.data, function(x)[1])
    np.testing.assert_array_equal(grad(lambda x: np.modf(x)[0].sum())(x[:3]), [1, 1, 1])
    np.testing.assert_array_equal(grad(lambda x: np.frexp(x)[0].sum())(x[:3]), [0.25, 1, 0.25])


def test_ldexp_scales_the_gradient() -> None:
    exponents = np.array([0, 1, -2])
    np.testing.assert_array_equal(grad(lambda x: np.ldexp(x, exponents).sum())(np.ones(3)), [1, 2, 0.25])


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.power])
def test_outer_pairs_every_element(ufunc: np.ufunc) -> None:
    x, y = np.array([[1.0, 2.0]]), np.array([3.0, 4.0, 5.0])
    for left, right in ((tensor(x), tensor(y)), (tensor(x), y), (x, tensor(y))):
        np.testing.assert_array_equal(ufunc.outer(left, right).data, ufunc.outer(x, y))


# What has no derivative


@pytest.mark.parametrize("function", [np.isnan, np.signbit, np.isfinite])
def test_predicates_return_plain_arrays(function: Any) -> None:
    x = np.array([-1.5, 0.0, 2.5])
    result = function(tensor(x, requires_grad=True))
    assert type(result) is np.ndarray
    np.testing.assert_array_equal(result, function(x))
    np.testing.assert_array_equal(getattr(tensor(x), function.__name__)(), function(x))


STEPS: dict[str, Any] = {
    "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "fix": np.fix, "sign": np.sign,
    "spacing": np.spacing, "round": np.round, "around": np.around, "decimals": lambda x: np.round(x, decimals=1),
    "round()": lambda x: np.round(x) if isinstance(x, np.ndarray) else round(x),
    "round(1)": lambda x: np.round(x, 1) if isinstance(x, np.ndarray) else round(x, 1),
    "method": lambda x: x.round(1), "floor_divide": lambda x: np.floor_divide(x, 2.0), "//": lambda x: x // 0.4,
    "reflected //": lambda x: 3.0 // x, "divmod": lambda x: np.divmod(x, 0.4)[0], "divmod()": lambda x: divmod(x, 2)[0],
    "modf": lambda x: np.modf(x)[1], "heaviside": lambda x: np.heaviside(x, 0.5),
    "outer": lambda x: np.floor_divide.outer(x, [2.0]),
    "floor to out": lambda x: np.floor(x, out=np.copy(x) * 1),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_constant_between_its_steps_has_the_derivative_0(step: Any, dtype: Any) -> None:
    x = np.array([-1.5, 0.75, 2.5], dtype)
    leaf = tensor(x, requires_grad=True)
    y = step(leaf)
    np.testing.assert_array_equal(y.data, step(x))
    assert (type(y), y.dtype, y.requires_grad) == (Tensor, step(x).dtype, True)
    np.sum(y).backward(create_graph=True)
    assert leaf.grad.dtype == dtype
    np.testing.assert_array_equal(leaf.grad.data, np.zeros(3))
    np.testing.assert_array_equal(jvp(step, x, np.ones(3))[1], np.zeros(y.shape))
    np.testing.assert_array_equal(grad(lambda x: np.sum(step(x).reshape(3) * x))(x), step(x).reshape(3))
    np.testing.assert_array_equal(hessian(lambda x: np.sum(step(x).reshape(3) * x))(x), np.zeros((3, 3)))


@pytest.mark.parametrize("step", [np.round, np.fix, lambda x, out: x.round(1, out)])
def test_steps_are_written_to_a_place(step: Any) -> None:
    def function(x: Any) -> Any:
        out = x * 1
        step(x[:2], out=out[:2])
        return np.sum(out * x)

    x = np.array([-1.5, 0.75, 2.5])
    np.testing.assert_array_equal(grad(function)(x), [*step(x[:2], out=np.empty(2)), 5])


@pytest.mark.parametrize(
    "step", [np.floor, np.rint, np.sign, np.round, np.fix, lambda x: x // 2, lambda x: divmod(x, 2)[0]]
)
def test_steps_of_integers_are_constant_integers(step: Any) -> None:
    y = step(tensor([-3, 2]))
    assert not y.requires_grad
    assert y.dtype == step(np.array([-3, 2])).dtype
    np.testing.assert_array_equal(y.data, step(np.array([-3, 2])))


def test_a_gradient_that_is_not_finite_ends_at_a_step() -> None:
    with np.errstate(divide="ignore"):
        assert np.array_equal(grad(lambda x: np.sum(np.log(np.floor(x))))(np.array([0.5, 1.5])), [0, 0])


def test_gradients_with_and_without_a_graph_add_up_at_a_step() -> None:
    x: Any = tensor([1.5], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    np.floor(x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [9.0])


def test_the_neighbour_and_the_value_at_0_have_derivatives() -> None:
    x, y = np.array([-1.0, 0.0, 2.0]), np.array([3.0, 4.0, 5.0])
    gx, gy = grad(lambda x, y: np.sum(np.nextafter(x, y)), (0, 1))(x, y)
    np.testing.assert_array_equal((gx, gy), (np.ones(3), np.zeros(3)))
    gx, gy = grad(lambda x, y: np.sum(np.heaviside(x, y)), (0, 1))(x, y)
    np.testing.assert_array_equal((gx, gy), (np.zeros(3), [0, 1, 0]))


def test_operators_without_a_derivative_return_constant_tensors_that_index() -> None:
    x = tensor([-1.0, 2.0, 3.0], requires_grad=True)
    positive = x > 0
    assert isinstance(positive, Tensor)
    assert not positive.requires_grad
    np.testing.assert_array_equal(x.data[positive], [2, 3])
    np.testing.assert_array_equal(np.where(~positive & (x // 1 != 2), 1, 0), [1, 0, 0])
    x[positive].sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0, 1, 1])


def test_comparisons_by_name_return_plain_arrays() -> None:
    assert type(np.greater(tensor([-1.0, 2.0]), 0)) is np.ndarray


def test_casts_take_numpys_arguments() -> None:
    x: Any = tensor([[1.5, 2.5]], requires_grad=True)
    assert np.astype(x, np.float32, device="cpu").dtype == np.float32
    assert x.astype("f4", "F", "same_kind", copy=False).requires_grad
    assert x.astype(dtype=float, copy=False).data is x.data
    assert not x.astype(int).requires_grad
    with pytest.raises(TypeError, match="same_kind"):
        x.astype(int, casting="same_kind")
    elsewhere: Any = "gpu"
    with pytest.raises(ValueError, match="'gpu'"):
        np.astype(x, float, device=elsewhere)
