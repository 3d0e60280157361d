"""`check`: what it finds by itself, and what it says."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import GradientCheckError, NotReproducibleError, Tensor, general, gradcheck
from autograd.testing import check, check_operation
from autograd.testing._check_run import Run
from autograd.testing.comparisons.certainty import _is_staircase
from autograd.testing.conditions.values import check_values
from autograd.testing.points.cases import (
    ALL_NUMBERS,
    NUMBERS,
    OTHERS,
    Case,
    further_shapes,
    plan,
    shapes_for,
    shapes_of_signature,
    sweep,
)
from autograd.testing.points.domains import Domain, domains_of

Array = np.ndarray[Any, Any]


def square(rule: Callable[..., Any]) -> Callable[..., Any]:
    operation: Callable[..., Any] = ag.elementwise(lambda x: np.square(x), rule, name="square")
    return operation


def doubled_where(condition: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the square with a gradient that is twice too large where the condition holds."""
    return square(lambda g, x: g * x * np.where(condition(x), 4.0, 2.0).astype(x.dtype))


@pytest.mark.one_in(9)
@pytest.mark.parametrize(
    "condition",
    [
        lambda x: np.absolute(x) > 1e6,
        lambda x: (np.absolute(x) < 1e-4) & (x != 0),
        lambda x: np.full(x.shape, x.size >= 64),
        lambda x: np.full(x.shape, x.size == 1),
        lambda x: np.full(x.shape, x.ndim == 3),
        lambda x: np.full(x.shape, x.dtype == np.float16),
        lambda x: np.equal(x, 1),
        lambda x: np.full(x.shape, x.dtype.kind == "c"),
    ],
    ids=["huge", "tiny", "from 64 elements on", "one element", "three axes", "float16", "at one", "complex"],
)
def test_a_rule_that_is_wrong_somewhere_is_found(condition: Callable[[Any], Any]) -> None:
    with pytest.raises(GradientCheckError, match="the smallest example"):
        check(doubled_where(condition), profile="quick")


def test_a_small_derivative_that_is_wrong_at_one_of_many_numbers_is_found() -> None:
    def rule(g: Any, x: Any, out: Any) -> Any:
        return g * (1 - out * out) * np.where(np.equal(x, 4), 2.0, 1.0).astype(x.dtype)

    wrong: Callable[..., Any] = ag.elementwise(lambda x: np.tanh(x), rule, name="wrong")
    with pytest.raises(GradientCheckError, match=r"is 0\.00268\d+ by the graph but 0\.00134\d+ by differences"):
        check(wrong, profile="quick", dtypes=["float64"])


@pytest.mark.thorough
def test_each_input_has_many_numbers_of_each_kind() -> None:
    def rule(g: Any, x: Any, y: Any) -> Any:
        return g * np.greater(y, x) * np.where((np.abs(y - 1) < 1e-7) & np.not_equal(y, 1), 2.0, 1.0).astype(y.dtype)

    wrong: Callable[..., Any] = ag.elementwise(
        lambda x, y: np.maximum(x, y), lambda g, x, y: g * np.greater_equal(x, y), rule, name="wrong"
    )
    with pytest.raises(GradientCheckError, match=r"input 1 at .* is 2 by the graph but 1 by differences"):
        check(wrong, profile="quick", dtypes=["float64"])


def test_a_slope_at_a_kink_outside_of_both_sides_is_found() -> None:
    relu = ag.elementwise(lambda x: np.maximum(x, 0), lambda g, x: g * (1.0 * (x > 0) + 2.0 * (x == 0)), name="relu")
    with pytest.raises(GradientCheckError, match=r"(?s)is 2 by the graph but 1 by differences.*np.array\(-?0\.0\)"):
        check(relu, profile="quick")


@pytest.mark.one_in(9)
@pytest.mark.parametrize(
    ("function", "profile"),
    [
        (np.tanh, "default"),
        (np.sum, "default"),
        (np.divide, "default"),
        (np.sqrt, "quick"),
        (np.abs, "quick"),
        (np.sort, "quick"),
        (np.arctan2, "quick"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_right_operations_pass(function: Callable[..., Any], profile: str) -> None:
    report = check(function, profile=profile)
    assert report.examples > 40
    assert report.compared > 10 * report.untold
    assert report.worst <= 1
    assert not report.notes
    assert str(report).startswith(f"{report.examples} examples, {report.compared} derivatives agree")


def test_what_is_checked_beside_numbers_is_found() -> None:
    kept: list[Any] = []

    def forward(x: Array) -> Array:
        kept[:] = [x]
        return np.square(x)

    def of_the_last_call(g: Any, x: Any) -> Any:
        return 2 * g * (kept[0] if type(kept[0]) is np.ndarray and kept[0].shape == g.shape else x)

    with pytest.raises(GradientCheckError, match=r"kept\(\)"):
        check(ag.elementwise(lambda x: forward(x), of_the_last_call, name="kept"))


def test_nan_in_one_element_has_to_stay_there() -> None:
    spreading = square(lambda g, x: 2 * g * x + 0 * np.sum(x) if not np.all(np.isfinite(x)) else 2 * g * x)
    with pytest.raises(GradientCheckError, match=r"(?s)nan in the first element of input 0 changes the gradient"):
        check(spreading, dtypes=["float64"], order=1)


def test_one_tensor_for_both_inputs() -> None:
    def product(x: Any, y: Any) -> Any:
        return np.multiply(x, x.data if x is y and isinstance(y, Tensor) else y)

    with pytest.raises(GradientCheckError, match="one tensor for all inputs"):
        check(product, dtypes=["float64"], order=1)


def test_keyword_arguments_are_tried() -> None:
    def mean(x: Any, axis: int | None = None) -> Any:
        return np.mean(x, axis) if axis != -1 else np.mean(x, axis) + 0 * np.sum(getattr(x, "data", x))

    def wrong_mean(x: Any, axis: int | None = None) -> Any:
        scale = 2.0 if axis == 0 and isinstance(x, Tensor) else 1.0
        return np.mean(x, axis) * scale / (scale if not isinstance(x, Tensor) else 1.0)

    check(mean, keywords={"axis": [None, 0, -1]}, domain=(-3.0, 3.0), signature="(m,n)", transforms=False)
    with pytest.raises(GradientCheckError, match=r"(?s)values on tensors and on arrays differ.*with axis=0"):
        check(wrong_mean, keywords={"axis": [None, 0, -1]}, domain=(0.5, 3.0), signature="(m,n)", profile="quick")


def test_values_are_those_of_a_reference() -> None:
    check(np.hypot, reference=np.hypot, profile="quick")
    with pytest.raises(GradientCheckError, match="by the reference"):
        check(np.hypot, reference=lambda x, y: np.sqrt(x * x + y * y) * (1 + 1e-9), profile="quick")


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(TypeError, match=r"found no inputs that picky\(\) .* takes.*signature="):
        check(picky)
    with pytest.raises(TypeError, match=r"found no numbers for which nowhere.*domain="):
        check(nowhere)
    with pytest.raises(TypeError, match=r"forgetful\(\) .* returned None: is a return missing"):
        check(forgetful)
    with pytest.raises(TypeError, match="any number of arrays"):
        check(lambda *arrays: arrays[0])
    with pytest.raises(ValueError, match=r"not of the form \(m,n\)"):
        check(np.matmul, signature="m,n")
    with pytest.raises(ValueError, match="a pair"):
        check(np.log, domain=(1.0, 0.0))
    with pytest.raises(ValueError, match="'quick', 'default', 'thorough'"):
        check(np.log, profile="fast")


def picky(x: Any) -> Any:
    if x.shape != (7, 5):
        raise ValueError(x.shape)
    return x * 2


def nowhere(x: Any) -> Any:
    return x * np.nan


def forgetful(x: Any) -> Any:
    x = x * 2


def test_an_operation_of_several_inputs_says_how_many_it_takes() -> None:
    def product(x: Any, y: Any) -> Any:
        if x.shape != y.shape:
            raise ValueError("the shapes differ")
        return x * y

    right = general(product, lambda g, y: g * y, lambda g, x: g * x)
    assert check(right, profile="quick").examples > 10


def test_like_gives_shapes_that_are_not_tried_by_default() -> None:
    assert check(picky, like=np.ones((7, 5)), profile="quick").examples > 10
    assert check(picky, like=[np.ones((7, 5))], profile="quick").examples > 10


@pytest.mark.parametrize(
    ("function", "inside", "outside"),
    [
        (np.log, [1e-9, 1e11], [-1.0]),
        (np.arccosh, [1.0, 1e9], [0.99, -3.0]),
        (np.arctanh, [-0.99, 0.0, 0.99], [1.0, -1.5]),
        (np.sin, [-1e11, 0.0, 1e11], []),
        (np.exp, [-1e9, 700.0], [720.0]),
        (np.log1p, [-0.99, 1e9], [-1.0, -2.0]),
    ],
)
def test_domains_are_found_out(function: Callable[..., Any], inside: list[float], outside: list[float]) -> None:
    found = domains_of(function, [((3,),)], 1)
    assert found is not None
    assert np.all(found[0].contains(np.array(inside)))
    assert not np.any(found[0].contains(np.array(outside)))


def test_domains_of_two_inputs_are_found_out() -> None:
    assert domains_of(np.arctan2, [((3,), (3,))], 2) == [Domain(((-1e12, 1e12),))] * 2
    found = domains_of(lambda x, y: np.log(x) * y, [((3,), (3,))], 2)
    assert found is not None
    assert (found[0].intervals[0][0], found[1].intervals[0][0]) == (0.0, -1e12)


def test_shapes_fit_their_signature() -> None:
    shapes, count = shapes_of_signature("(...,m,n),(n,3)->(...,m,3)")
    assert count == 2
    assert ((2, 2, 3), (3, 3)) in shapes
    assert all(x[-1] == y[0] and y[1] == 3 for x, y in shapes)


def test_the_plan_has_all_kinds_and_dtypes() -> None:
    cases = list(plan(shapes_for(2), [(("axis", 0),), (("axis", 1),)], seed=3, rounds=1, kinds=OTHERS, mixed=True))
    assert {case.numbers for case in cases} == {*NUMBERS, "all zeros"}
    assert {dtype for case in cases for dtype in case.dtypes} == {
        "float16", "float32", "float64", "complex64", "complex128",
    }  # fmt: skip
    assert {case.keywords for case in cases} == {(("axis", 0),), (("axis", 1),)}
    assert any(case.size > 1000 for case in cases)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("numbers", ALL_NUMBERS)
@pytest.mark.parametrize("interval", [(-np.inf, np.inf), (0.0, 1.0), (1.0, np.inf), (-1.0, 0.0), (-700.0, 700.0)])
def test_numbers_lie_in_the_domain(numbers: str, interval: tuple[float, float]) -> None:
    in_the_domain(numbers, interval)


@pytest.mark.parametrize("interval", [(90.0, 91.0), (200.0, 400.0), (-400.0, -200.0), (1e8, 3e8), (1e-30, 1e-20)])
def test_numbers_lie_in_domains_far_from_ordinary_numbers(interval: tuple[float, float]) -> None:
    for numbers in ALL_NUMBERS:
        in_the_domain(numbers, interval)


def in_the_domain(numbers: str, interval: tuple[float, float]) -> None:
    domain = Domain((interval,))
    for shape in ((), (0,), (7,), (40, 30)):
        (array,) = Case(numbers, (shape,), ("float64",)).arrays([domain])
        assert array.shape == shape
        at_end = np.isin(array, interval) if numbers in ("lower end", "upper end") else np.zeros(shape, bool)
        assert np.all(domain.contains(array) | at_end)


def test_dtypes_that_a_function_does_not_take_are_not_tried() -> None:
    def only_double(x: Any) -> Any:
        assert x.dtype == np.float64, "takes float64 alone"
        return np.tanh(x)

    assert check(only_double, dtypes=["float64"], profile="quick").compared > 100


def test_what_a_dtype_does_not_hold_is_no_fault() -> None:
    check_operation(lambda x: np.sqrt(x * x), np.array([5.4e-7, 3e-6]))  # the first has three digits in float16
    check_operation(np.cosh, np.full(50, 709.7))  # three times the gradient overflows
    check_operation(np.float_power, np.full(300, 1e-10, np.float32), np.full(300, -2.82, np.float32))  # times 1 / g


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (np.sort, [np.array([[-0.9375000000000001, -0.9375, -0.9374999999999999, -0.9375]])]),
        (np.copysign, [np.zeros((2, 1)), np.zeros((1, 3))]),
        (np.reciprocal, [np.array(2.467956293726129e227)]),
        (np.prod, [np.array([[-8.273183121481245e-165, 3.233548503645961e-159]])]),
        (
            ag.elementwise(lambda x: x - np.tanh(x), lambda g, x: g * np.tanh(x) ** 2, name="shrunk"),
            [np.array(4.040123326162774e-08)],
        ),
    ],
    ids=[
        "ranks that change by roundings",
        "not differentiable in the sum of directions",
        "derivative under 1e-308",
        "value under 1e-308",
        "value lost",
    ],
)
def test_what_differences_cannot_tell_is_no_fault(function: Callable[..., Any], inputs: list[Array]) -> None:
    check_operation(function, *inputs)


def test_a_rule_that_is_wrong_where_inputs_are_opposite_is_found() -> None:
    def rule(g: Any, x: Any, y: Any) -> Any:
        return g * y * np.where(np.equal(x, -y), 2.0, 1.0).astype(y.dtype)

    product: Callable[..., Any] = ag.elementwise(lambda x, y: x * y, rule, lambda g, x: g * x, name="product")
    with pytest.raises(GradientCheckError, match="by the graph"):
        check_operation(product, np.array([0.5, 1.5]), np.array([-0.5, 2.5]))


def test_the_gradient_of_no_elements_is_zero() -> None:
    def rule(g: Any, x: Any) -> Any:
        return g / g.size if g.size else np.full(x.shape, np.nan)

    wide: Callable[..., Any] = ag.general(lambda x: np.broadcast_to(x, (0, 3)), rule, name="wide")
    with pytest.raises(GradientCheckError, match="no elements"):
        check_operation(wide, np.ones(3))


def test_numbers_for_which_numpy_gives_up_are_set_aside() -> None:
    def rule(g: Any, x: Any) -> Any:
        if np.any(np.absolute(x) > 1e3):
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
        return g * 2 * x

    assert check(square(rule), profile="quick").set_aside > 2


def test_a_function_that_refuses_nan_is_no_fault() -> None:
    def largest(x: Any) -> Any:
        return np.linalg.eigvalsh(x + x.mT)[..., -1]

    assert check(largest, signature="(n,n)->()", dtypes=["float64"], order=1, transforms=False).examples > 50


@pytest.mark.parametrize("function", [np.floor, np.ceil, np.rint, np.trunc], ids=lambda function: function.__name__)
def test_functions_that_are_constant_between_whole_numbers_are_right(function: Any) -> None:
    """Beyond 2^52 all numbers are whole, so that differences see no step."""
    check_operation(function, np.array(1.2465034893647638e17))
    check_operation(function, np.array([1.2465034893647638e17, 2.5]))


def test_rounding_between_operations_is_no_fault() -> None:
    """In single precision, digits cancel, squares overflow, and ties arise; each operation is right."""
    parallel = np.array([2e-10, 1.7e-10, 1.4e-10])
    check_operation(lambda z: np.cumprod(np.cbrt(z**3)) / np.linalg.norm(np.cumprod(np.cbrt(z**3))), parallel)
    check_operation(lambda z: np.sort(np.log(z * z + 1e-3)), np.array([-1.66e-7, 2.7e-8, 1.72e-7]))
    check_operation(lambda z: np.sort(1 / np.abs(z * np.prod(z))), np.array([4.3e5, -1.8e6, -8.6e5]))


def test_a_wrong_rule_between_others_is_found_in_single_precision() -> None:
    def rule(g: Any, x: Any) -> Any:
        return g * 2 * x * (1.001 if x.dtype == np.float32 else 1.0)

    wrong = square(rule)
    x = np.array([2.0, 3.0, 4.0])
    with pytest.raises(GradientCheckError, match=r"the gradient of x is .* in float32"):
        check_operation(lambda z: np.exp(-wrong(z) / np.linalg.norm(z)), x)


def test_a_composition_that_is_no_function_of_its_gradient_is_still_found() -> None:
    """That all operations are right says nothing of how they are put together."""
    with pytest.raises(GradientCheckError, match="by differences"):
        check_operation(lambda z: np.sin(z) * np.cos(z.data if isinstance(z, Tensor) else z), np.array([0.3, 0.5]))


norm = general(lambda x: np.sqrt(np.sum(x * x)), lambda g, x, out: g * x / out, name="norm")
power = ag.elementwise(lambda x: x**2.5, lambda g, x, out: 2.5 * g * out / x, name="power")
largest = general(
    lambda x: np.max(x),
    lambda g, x: g * (np.arange(len(x)) == np.asarray(np.argmax(x)).astype(np.int8)),
    name="largest",
)
of_rows = general(
    lambda x: np.sum(x, -1), lambda g, x: (1 + (x.ndim == 3)) * np.expand_dims(g, -1) * np.ones_like(x), name="of_rows"
)
of_axes = general(
    lambda x, axis: np.sum(x, axis=axis),
    lambda g, x, axis: (1 + (axis == (1, 0))) * np.expand_dims(g, axis) * np.ones_like(x),
    name="of_axes",
)
doubled = ag.elementwise(
    lambda x, twice: 2 * x if twice else 1 * x, lambda g, twice: 2 * g if twice is True else g, name="doubled"
)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("operation", "options", "message"),
    [
        (norm, {"signature": "(n)"}, "it is nan, only where input 0 is 0"),
        (norm, {}, "it is nan, only where input 0 is 0"),
        (power, {"domain": (0.0, 10.0)}, "it is nan, only where input 0 is 0"),
        (power, {}, "it is nan, only where input 0 is 0"),
        (lambda x: np.sqrt(np.sum(x * x)), {"signature": "(n)"}, "it is nan, only where input 0 is 0"),
        (largest, {"signature": "(n)"}, "by differences"),
        (of_rows, {"signature": "(...,n)"}, "a factor of 2, only for arrays of 3 axes"),
        (of_axes, {"signature": "(m,n)", "keywords": {"axis": [(0, 1)]}}, "a factor of 2"),
        (doubled, {"keywords": {"twice": [False, True]}}, "a factor of 0.5"),
    ],
)
def test_what_users_forget_to_try_is_found(operation: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GradientCheckError, match=f"(?s){message}"):
        check(operation, profile="quick", dtypes=["float64"], **options)


def mean_of_axis(x: Any, axis: int) -> Any:
    return np.mean(x, axis=axis)


mean = general(mean_of_axis, lambda g, x, axis: np.expand_dims(g, axis) * np.ones_like(x) / x.shape[axis], name="mean")


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda t: np.exp(-1000 / t), {"domain": (200.0, 400.0)}),
        (lambda x: np.log(np.abs(x) + np.sqrt(x**2 + 1)), {}),
        (lambda x: np.tile(x, (2, 1)).sum(0), {"signature": "(m,n)"}),
        (lambda x: np.atleast_2d(x).sum(0), {}),
        (np.gradient, {"like": np.ones((3, 3)), "transforms": False}),
        (lambda x: sum(0.5**i * x[i] for i in range(len(x))), {"signature": "(n)"}),
        (mean, {"keywords": {"axis": [0, -1]}}),
        (np.sqrt, {"domain": (0.0, 4.0)}),
        (np.arcsin, {"domain": (-1.0, 1.0)}),
        (np.hypot, {}),
    ],
)
def test_right_functions_of_few_inputs_pass(function: Any, options: dict[str, Any]) -> None:
    assert check(function, profile="quick", dtypes=["float64"], **options).compared > 10


def test_a_product_with_a_diagonal_matrix_may_spread_nan() -> None:
    check(lambda x: x @ np.eye(x.shape[-1]), signature="(n)", dtypes=["float64"], transforms=False)


def test_a_class_of_functions_says_how_many_inputs_it_takes() -> None:
    class Cube(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 3 * g * ctx.saved_tensors[0] ** 2

    assert check(Cube.apply, profile="quick", domain=(-3.0, 3.0)).compared > 100
    with pytest.raises(GradientCheckError, match=r"^Cube.apply\(\) at .*test_check.py:\d+: the value is"):
        check(Cube.apply, profile="quick", domain=(-3.0, 3.0), reference=np.square)


def test_a_failure_says_what_to_do_if_the_function_is_not_meant_for_such_inputs() -> None:
    real = ag.elementwise(lambda x: x * np.abs(x), lambda g, x: g * 2 * np.abs(x), name="real")
    with pytest.raises(
        GradientCheckError, match=r"meant for real numbers alone, dtypes=\['float64', 'float32'\] says so"
    ):
        check(real, profile="quick", domain=(-3.0, 3.0))
    bias = general(lambda x, b: x + b, lambda g: g, lambda g: np.sum(g, 0), name="bias")
    with pytest.raises(GradientCheckError, match=r"meant for some shapes alone, signature='\(m,n\),\(n\)' says so"):
        check(bias, profile="quick", like=[np.ones((2, 3)), np.ones(3)])


@pytest.mark.thorough
def test_what_a_failure_says_to_do_makes_the_check_pass() -> None:
    real = ag.elementwise(lambda x: x * np.abs(x), lambda g, x: g * 2 * np.abs(x), name="real")
    check(real, domain=(-3.0, 3.0), dtypes=["float64", "float32"])
    biased = general(lambda x, b: x + b, lambda g: g, lambda g: np.sum(g, 0), name="biased")
    check(biased, signature="(m,n),(n)")


def test_the_smallest_example_shows_the_same_and_has_elements() -> None:
    turned = general(lambda x: np.transpose(x, (1, 2, 0)), lambda g: np.transpose(g, (1, 2, 0)), name="turned")
    with pytest.raises(
        GradientCheckError, match=r"(?s)returned shape .*to reproduce: check_operation\(turned"
    ) as found:
        check(turned, signature="(a,b,c)", profile="quick")
    assert "0, " not in str(found.value).partition("to reproduce")[2].replace("0.0", "")


def test_the_smallest_example_stays_in_the_domain() -> None:
    kelvin = ag.elementwise(lambda t: 3 * t, lambda g: 2 * g, name="kelvin")
    with pytest.raises(GradientCheckError, match=r"check_operation\(kelvin, np") as found:
        check(kelvin, domain=(1950.0, 2050.0), profile="quick", dtypes=["float64"])
    assert "0.0" not in str(found.value).partition("check_operation")[2].replace("00.0", "")


def test_arrays_that_differ_are_not_shown_as_equal() -> None:
    with pytest.raises(GradientCheckError) as found:
        check(np.exp, reference=lambda x: np.exp(x) * (1 + 1e-11), profile="quick", dtypes=["float64"])
    one, other = str(found.value).partition("the value is ")[2].partition(" by the reference")[0].split(", but ")
    assert one != other


def kept_by_shape(kept: dict[Any, Any]) -> Any:
    return square(lambda g, x: g * kept.setdefault(np.shape(x), 2 * x))


def every_third_call(calls: Any) -> Any:
    return square(lambda g, x: g * 2 * x * (-1 if next(calls) % 3 == 2 else 1))


def test_what_depends_on_other_calls_is_reported_as_such() -> None:
    with pytest.raises(NotReproducibleError, match=r"(?s)of an earlier call at the same shape.*reproduce: check\("):
        check(kept_by_shape({}), profile="quick", dtypes=["float64"])
    with pytest.raises(NotReproducibleError, match="differs from call to call"):
        check(every_third_call(itertools.count()), profile="quick", dtypes=["float64"])
    random = np.random.default_rng(0)
    for checked in (lambda f: check(f, profile="quick"), lambda f: gradcheck(f, np.ones(3))):
        with pytest.raises(NotReproducibleError, match=r"differs from call to call|not deterministic"):
            checked(lambda x: x * random.random())
        with pytest.raises(GradientCheckError) as wrong:
            checked(doubled_where(lambda x: x != 3.3))
        assert not isinstance(wrong.value, NotReproducibleError)


def test_a_long_axis_is_tried_with_each_keyword_argument() -> None:
    """Else which axis is long may always meet the other value."""
    found = further_shapes(1, "(m,n)")
    cases = list(sweep(found[:4], found, [(("axis", 0),), (("axis", -1),)], 0, 1))
    assert {c.keywords for c in cases if c.shapes == ((1100, 2),)} == {(("axis", 0),), (("axis", -1),)}


def test_nan_at_the_end_of_a_domain_of_one_of_two_inputs_is_found() -> None:
    power = ag.elementwise(
        lambda x, y: x**y, lambda g, x, y: g * y * x ** (y - 1), lambda g, x, out: g * out * np.log(x), name="power"
    )
    run = Run(power, domain=[(0.0, np.inf), (0.5, 3.0)])
    case = Case("lower end", ((1000,), (1000,)), ("float64",) * 2)
    with pytest.raises(GradientCheckError, match=r"input 1 at .* is nan by the graph but 0 by differences"):
        run._swiftly(power, case.arrays(run.domains), ())


def test_roundings_of_long_sums_are_no_difference_of_values() -> None:
    def other_order(x: Any) -> Any:
        return np.sum(x) if isinstance(x, Tensor) else np.cumsum(x)[-1]

    check_values(other_order, [np.random.default_rng(0).standard_normal(70_000)])


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("fn", "options"),
    [
        # of terms that cancel, seen far from the numbers that the function is of
        (lambda x: np.logaddexp(x / 1e8, -x / 1e8) - np.log(2), {"domain": (-3e9, 3e9)}),
        # 1 hides x * x
        (lambda x: (np.sqrt(1 + x * x) - 1) * 1e8, {"domain": (-50.0, 50.0)}),
        # products of three, in another order: infinity or nan, and roundings of many terms
        (lambda x, w: np.einsum("ij,jk,ik->i", x, w, x @ w), {"signature": "(m,n),(n,p)"}),
        (lambda a, b, c: np.einsum("i,j,k->", a, b, c), {"signature": "(m),(n),(p)"}),
        # of matrices whose columns are equal but for what single precision rounds away
        (np.linalg.pinv, {"signature": "(3,2)"}),
    ],
    ids=["cancelling", "hidden", "infinities", "many terms", "rank"],
)
def test_no_alarm_where_compositions_round(fn: Callable[..., Any], options: dict[str, Any]) -> None:
    assert check(fn, seed=2, dtypes=["float64", "float32"], **options).compared > 300


def test_a_staircase_of_roundings_is_no_slope_but_one_of_a_function_may_be() -> None:
    places = 8 * np.sin(np.arange(65.0))
    rounded = np.round(places) * 2.2e-16
    assert _is_staircase(np.stack([rounded, places], axis=1))
    assert not _is_staircase(np.stack([np.clip(places, -3, 4), np.maximum(places, 7)], axis=1))
    assert not _is_staircase(np.zeros((65, 2)))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "fn", [lambda x: np.log1p((x / 1e8) ** 2), lambda x: np.sqrt(1 + (x / 1e8) ** 2) - 1], ids=["log1p", "sqrt"]
)
def test_a_part_that_rounding_loses_is_not_called_wrong(fn: Callable[..., Any]) -> None:
    """Of complex numbers the real part, beside an imaginary one that is known."""
    check(fn, dtypes=["complex128"])


def test_slopes_of_waves_in_single_precision_are_found_in_the_thousands() -> None:
    def slope(g: Any, x: Any) -> Any:
        return g * np.cos(x.astype(np.float32) if np.all(abs(x) > 1000) else x)

    wrong = ag.elementwise(lambda x: np.sin(x), slope, name="wave")
    with pytest.raises(GradientCheckError, match=r"(?s)by differences.*thousands"):
        check(wrong, dtypes=["float64"], transforms=False)
