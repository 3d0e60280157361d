"""The planted errors: a wrong rule, or a wrong function, in one operation, and why it is wrong.

An error is a function with a docstring that says why; its name is the kind. It is the wrong rule of one input, or with
``function=True`` the wrong function; with ``made=True`` it returns that, so that each use has memory of its own, and
with ``both=True`` both. A new kind is a new function here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .operations import (
    OPERATIONS,
    Operation,
    distance,
    gelu_slope,
    labels,
    last,
    layer_norm_rule,
    logistic,
    of_the_others,
    softmax,
)


@dataclass(frozen=True)
class Error:
    """A planted error: its kind, why it is wrong, and the operation that has it."""

    kind: str
    why: str
    operation: str
    make: Callable[[], Operation]


ERRORS: list[Error] = []


def error(
    operation: str, *, input: int = 0, function: bool = False, made: bool = False, both: bool = False
) -> Callable[[Any], Any]:
    """Decorate what is wrong."""

    def register(wrong: Any) -> Any:
        def make() -> Operation:
            right, used = OPERATIONS[operation], wrong() if made or both else wrong
            if both:
                return replace(right, function=used[0], rules=(used[1],))
            if function:
                return replace(right, function=used)
            return replace(right, rules=tuple(used if i == input else rule for i, rule in enumerate(right.rules)))

        ERRORS.append(Error(wrong.__name__, wrong.__doc__, operation, make))
        return wrong

    return register


# A term is forgotten, or a factor.


@error("swish")
def second_term_forgotten(g: Any, x: Any) -> Any:
    """The product rule has two terms."""
    return g * logistic(x)


@error("softmax")
def sum_forgotten(g: Any, out: Any) -> Any:
    """All elements of a row depend on each input."""
    return g * out * (1 - out)


@error("layer_norm")
def mean_is_a_constant(g: Any, x: Any, out: Any) -> Any:
    """The mean depends on the inputs, too."""
    return layer_norm_rule(g, x, out, mean=0.0)


@error("layer_norm")
def variance_is_a_constant(g: Any, x: Any, out: Any) -> Any:
    """The variance depends on the inputs, too."""
    return layer_norm_rule(g, x, out, variance=0.0)


@error("layer_norm")
def epsilon_forgotten(g: Any, x: Any, out: Any) -> Any:
    """The function divides by a little more, which shows where the variance is small."""
    return layer_norm_rule(g, x, out, eps=0.0)


@error("layer_norm")
def variance_of_a_sample(g: Any, x: Any, out: Any) -> Any:
    """The function divides by n, the rule by n - 1."""
    return layer_norm_rule(g, x, out, ddof=1)


@error("gelu")
def factor_of_the_cube_forgotten(g: Any, x: Any) -> Any:
    """The derivative of x**3 has a factor of 3, times a coefficient of 0.04."""
    return gelu_slope(g, x, cubic=1.0)


@error("gelu")
def constant_of_five_digits(g: Any, x: Any) -> Any:
    """sqrt(2 / pi) is 0.7978846 in the function, 0.79788 in the rule."""
    return gelu_slope(g, x, c=0.79788)


@error("squared_error")
def divided_by_the_rows(g: Any, x: Any, y: Any) -> Any:
    """A mean over all elements divides by their number, which is that of the rows for one column."""
    return g * 2 * (x - y) / len(x)


@error("squared_error", input=1)
def sign_of_the_target(g: Any, x: Any, y: Any) -> Any:
    """A difference falls with its second term."""
    return g * 2 * (x - y) / x.size


@error("cross_entropy")
def sum_for_mean(g: Any, x: Any) -> Any:
    """The loss is a mean over the rows."""
    return g * (softmax(x) - (np.arange(x.shape[-1]) == last(np.arange(len(x)) % x.shape[-1])))


@error("mean")
def divided_by_all(g: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """A mean along one axis divides by the length of that axis."""
    return np.ones_like(x) * (g if keepdims else np.expand_dims(g, axis)) / x.size


@error("repeated")
def mean_of_the_copies(g: Any) -> Any:
    """A gradient of copies is the sum of theirs."""
    return np.mean(g, 0)


@error("logit")
def one_of_two_terms(g: Any, x: Any) -> Any:
    """Both logarithms depend on x."""
    return g / x


# Only for some numbers.


@error("length")
def nan_at_zeros(g: Any, x: Any, out: Any) -> Any:
    """0 / 0, where the function has a finite slope on each side."""
    return last(g) * x / last(out)


@error("hypotenuse")
def nan_at_two_zeros(g: Any, x: Any, out: Any) -> Any:
    """0 / 0, where both inputs are 0."""
    return g * x / out


@error("hypotenuse", input=1)
def sign_lost(g: Any, y: Any, out: Any) -> Any:
    """The slope of a distance has the sign of its input."""
    return g * np.abs(y) / out


@error("softplus")
def overflow_of_exp(g: Any, x: Any) -> Any:
    """exp(x) is infinite above 710, and infinity / infinity is nan."""
    return g * np.exp(x) / (1 + np.exp(x))


@error("logsumexp")
def overflow_of_a_sum(g: Any, x: Any) -> Any:
    """The function shifts by the maximum, the rule does not."""
    return last(g) * np.exp(x) / np.sum(np.exp(x), -1, keepdims=True)


@error("softplus")
def straight_from_five_on(g: Any, x: Any) -> Any:
    """The slope at 5 is 0.993, not 1."""
    return g * np.where(x > 5, 1.0, logistic(x)).astype(x.dtype)


@error("angle")
def squares_leave_the_range(g: Any, y: Any, x: Any) -> Any:
    """x * x is 0 for 1e-170, and the quotient infinite or nan."""
    return g * x / (x * x + y * y)


@error("huber")
def factor_of_the_line(g: Any, x: Any) -> Any:
    """Beyond 1 the slope is 1, not 2."""
    return g * np.where(np.abs(x) > 1, 2 * np.sign(x), x)


@error("clip")
def straight_through(g: Any) -> Any:
    """Beyond the limits nothing changes."""
    return g * 1


@error("clip")
def upper_limit_alone(g: Any, x: Any) -> Any:
    """There is a lower limit, too."""
    return g * (x <= 1)


@error("interpolation")
def last_piece_goes_on(g: Any, x: Any) -> Any:
    """Beyond the last point the function is constant."""
    return g * np.select([x <= -1, x <= 0], [0.0, 3.0], -1.0)


@error("multiplied")
def quotient_of_the_product(g: Any, x: Any, out: Any) -> Any:
    """out / x is nan at 0, where the slope is the product of the others."""
    return g * out / x


@error("softmax_of_two")
def one_alone_at_ties(g: Any, x: Any, y: Any) -> Any:
    """Where both are equal, each has a slope of a half."""
    return g * np.where(x == y, 1.0, logistic(x - y))


@error("largest")
def each_of_the_ties(g: Any, x: Any, axis: Any) -> Any:
    """Of two largest elements that move together, the maximum moves once."""
    return np.expand_dims(g, axis) * (x == np.max(x, axis, keepdims=True))


@error("square_with_sign")
def zero_below_a_limit(g: Any, x: Any) -> Any:
    """Small numbers have a slope, too."""
    return 2 * g * np.where(np.abs(x) < 1e-5, 0.0, np.abs(x))


@error("sine")
def wrong_in_an_interval(g: Any, x: Any) -> Any:
    """From 0.7 to 0.75 alone."""
    return g * np.cos(x) * np.where((x > 0.7) & (x < 0.75), 1.5, 1.0)


@error("sine")
def reduced_modulo_six(g: Any, x: Any) -> Any:
    """A turn is 2 pi, not 6.28."""
    return g * np.cos(x - 6.28 * np.rint(x / 6.28))


@error("power", input=1)
def logarithm_of_the_exponent(g: Any, y: Any, out: Any) -> Any:
    """The logarithm is that of the base."""
    return g * out * np.log(y)


# Only in some shapes.


@error("softmax")
def along_the_first_axis(g: Any, out: Any) -> Any:
    """Right for one axis alone: the sum goes along the last one."""
    return out * (g - np.sum(g * out, 0, keepdims=True))


@error("largest", made=True)
def index_of_eight_bits() -> Any:
    """The index of the largest element is kept in eight bits, which end at 127."""

    def rule(g: Any, x: Any, axis: Any) -> Any:
        at = np.expand_dims(np.argmax(x, axis).astype(np.int8), axis)
        count = np.arange(x.shape[axis])
        return np.expand_dims(g, axis) * ((last(count) if axis == 0 else count) == at)

    return rule


@error("total")
def rest_of_the_blocks(g: Any, x: Any) -> Any:
    """What remains after blocks of 1,000 gets nothing."""
    whole = len(x) // 1000 * 1000 or len(x)
    return g * (np.arange(len(x)) < whole).astype(x.dtype)


@error("diagonal_sum")
def first_sixteen(g: Any, x: Any) -> Any:
    """Of a longer diagonal the rest is left out."""
    return g * np.eye(len(x), dtype=x.dtype) * (np.arange(len(x)) < 16)


@error("matmul")
def not_transposed_if_square(g: Any, b: Any) -> Any:
    """For a square matrix no shape betrays that it should be transposed."""
    return g @ (b if b.shape[0] == b.shape[1] else b.T)


@error("matmul", input=1)
def other_side_if_square(g: Any, a: Any) -> Any:
    """For square matrices no shape betrays that the factors are exchanged."""
    return g @ a.T if a.shape[0] == a.shape[1] == g.shape[1] else a.T @ g


@error("rows_times_matrices", input=1)
def batch_shifted(g: Any, a: Any) -> Any:
    """Each row of a batch gets the gradient of its neighbour, itself in a batch of one."""
    return np.roll(np.einsum("bij,bi->bj", a, g), 1, 0)


@error("median")
def upper_of_two(g: Any, x: Any) -> Any:
    """The median of an even number is the mean of two elements."""
    return g * (np.argsort(np.argsort(x)) == len(x) // 2)


@error("product", input=1)
def rows_of_broadcasting_lost(g: Any, x: Any) -> Any:
    """What is repeated gets the sum of its gradients, not that of the last row."""
    return g * x * (1 if g.ndim < 2 else (np.arange(len(g)) == len(g) - 1).reshape(-1, *(1,) * (g.ndim - 1)))


@error("cumsum")
def twice_for_one_element(g: Any, axis: Any) -> Any:
    """An axis of one element is summed twice."""
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis) * (1 + (g.shape[axis] == 1))


# Only with some arguments.


@error("cumsum")
def always_the_last_axis(g: Any, axis: Any) -> Any:
    """The axis is an argument."""
    return np.flip(np.cumsum(np.flip(g, -1), -1), -1)


@error("variance")
def ddof_forgotten(g: Any, x: Any, ddof: Any) -> Any:
    """The divisor is an argument."""
    return last(g) * 2 * (x - np.mean(x, -1, keepdims=True)) / x.shape[-1]


@error("sum_of_axes")
def axes_in_another_order(g: Any, x: Any, axis: Any) -> Any:
    """(1, 0) means (0, 1)."""
    return np.expand_dims(g, axis) * np.ones_like(x) * (1 if axis[0] < axis[1] else 2)


@error("mean")
def option_compared_by_identity(g: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """1 and np.True_ are true, too."""
    size = x.shape[axis] * (1 if keepdims is True or keepdims is False else 2)
    return np.ones_like(x) * (g if keepdims else np.expand_dims(g, axis)) / size


# Numbers go to the wrong place.


@error("sorted")
def order_not_inverted(g: Any, x: Any) -> Any:
    """The order brings numbers to their ranks, its inverse brings them back; one exchange is its own inverse."""
    return np.take_along_axis(g, np.argsort(x, -1), -1)


@error("turned")
def axes_not_inverted(g: Any) -> Any:
    """Three axes in a circle go back the other way; the shapes agree for a cube."""
    return np.transpose(g, (1, 2, 0)) if len(set(g.shape)) == 1 else np.transpose(g, (2, 0, 1))


@error("rolled")
def same_direction(g: Any) -> Any:
    """What was moved to the right comes back from the left; four elements are the same."""
    return np.roll(g, 2)


@error("padded")
def margins_exchanged(g: Any) -> Any:
    """One element is added in front, two behind."""
    return g[2:-1]


@error("flattened")
def columns_first(g: Any, x: Any) -> Any:
    """The function reads rows first."""
    return np.reshape(g, np.shape(x)[::-1]).T


@error("rows_chosen")
def repeated_row_overwritten(g: Any) -> Any:
    """A row that is chosen twice gets both gradients."""
    return g[[0, 3, 2]]


@error("convolution", input=1)
def kernel_not_reversed(g: Any, x: Any) -> Any:
    """A gradient of a convolution is a correlation."""
    return np.flip(np.correlate(g, x, "valid"))


@error("inverse")
def not_transposed(g: Any, out: Any) -> Any:
    """Right for symmetric matrices."""
    return -out @ g @ out


@error("quadratic_form")
def symmetric_matrix_assumed(g: Any, x: Any, a: Any) -> Any:
    """a @ x and x @ a differ for a matrix that is not symmetric."""
    return 2 * g * (a @ x)


@error("gram")
def symmetric_gradient_assumed(g: Any, x: Any) -> Any:
    """The gradient of a symmetric matrix need not be symmetric."""
    return 2 * x @ g


@error("distances")
def one_of_two_points(g: Any, x: Any) -> Any:
    """A distance depends on both points."""
    return 4 * np.sum(last(g) * (x[:, None] - x[None]), 1)


# The cotangent is not what is expected.


@error("total")
def cotangent_of_ones(g: Any, x: Any) -> Any:
    """The gradient of the output need not be 1."""
    return np.ones_like(x) * np.where(g == 0, g, 1.0)


@error("softplus")
def clipped_cotangent(g: Any, x: Any) -> Any:
    """A rule is linear in the gradient of the output."""
    return np.clip(g, -10.0, 10.0) * logistic(x)


@error("repeated")
def equal_cotangents_assumed(g: Any) -> Any:
    """The gradients of copies need not be equal."""
    return 3 * g[0]


# Memory, state and precision.


@error("sine", made=True)
def kept_by_shape() -> Any:
    """The cosine of the first array of a shape is taken for that of all."""
    kept: dict[Any, Any] = {}

    def rule(g: Any, x: Any) -> Any:
        return g * kept.setdefault(np.shape(x), np.cos(x))

    return rule


@error("sine", made=True)
def every_third_call() -> Any:
    """A counter of calls decides on the sign."""
    calls = itertools.count()

    def rule(g: Any, x: Any) -> Any:
        return g * np.cos(x) * (-1 if next(calls) % 3 == 2 else 1)

    return rule


@error("sine", both=True)
def input_of_the_last_call() -> Any:
    """What the function kept belongs to its last call, not to that of the gradient."""
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept[:] = [np.array(x)]
        return np.sin(x)

    def rule(g: Any, x: Any) -> Any:
        return g * (np.cos(kept[0]) if kept[0].shape == np.shape(x) else np.cos(x))

    return function, rule


@error("sine", made=True)
def noise() -> Any:
    """Each gradient is off by some millionths, at random."""
    random = np.random.default_rng()

    def rule(g: Any, x: Any) -> Any:
        return g * np.cos(x) * (1 + 1e-5 * random.standard_normal())

    return rule


@error("square_with_sign", function=True)
def written_to_the_input(x: Any) -> Any:
    """The function works within the array that it was given."""
    if isinstance(x, np.ndarray) and x.ndim and x.flags.writeable:
        x *= 1.0 + 1e-9
    return x * np.abs(x)


@error("multiplied")
def computed_in_single_precision(g: Any, x: Any) -> Any:
    """Digits beyond the seventh are lost."""
    return (g * of_the_others(x)).astype(np.float32).astype(x.dtype)


@error("flattened", function=True)
def order_of_the_memory(x: Any) -> Any:
    """Arrays of another layout are read in the order of their memory."""
    return np.ravel(x, order="K")


# Others of the same sorts, each in another way.


@error("leaky_relu")
def slope_below_zero_forgotten(g: Any, x: Any) -> Any:
    """It is a tenth, not 0."""
    return g * (x > 0)


@error("logsumexp")
def shares_of_all_rows(g: Any, x: Any) -> Any:
    """The shares of each row add up to 1, not those of all rows together."""
    exponentials = np.exp(x - np.max(x))
    return last(g) * exponentials / np.sum(exponentials)


@error("hypotenuse", input=1)
def slope_of_the_other_input(g: Any, x: Any, out: Any) -> Any:
    """Each input has a slope of its own, which is the same for equal numbers alone."""
    return g * x / np.where(out == 0, 1, out)


@error("cross_entropy")
def label_of_the_next_row(g: Any, x: Any) -> Any:
    """The labels have been rolled by one row."""
    return g * (softmax(x) - np.roll(labels(x), 1, 0).astype(x.dtype)) / len(x)


@error("mean")
def divided_by_the_length_of_keepdims(g: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """With keepdims, what is divided by is the length of the axis in the output, which is 1."""
    return np.ones_like(x) * (g if keepdims else np.expand_dims(g, axis) / x.shape[axis])


@error("cumsum")
def flipped_once(g: Any, axis: Any) -> Any:
    """The sums go from the end to the beginning, and have to be flipped back."""
    return np.cumsum(np.flip(g, axis), axis)


@error("quadratic_form", input=1)
def diagonal_alone(g: Any, x: Any) -> Any:
    """Products of different elements count as well."""
    return g * np.diag(x * x)


@error("convolution", input=1)
def arguments_exchanged(g: Any, x: Any) -> Any:
    """A correlation is reversed where its arguments are exchanged; one element shows nothing."""
    return np.correlate(x, g, "valid")


@error("inverse")
def sign_of_the_inverse(g: Any, out: Any) -> Any:
    """An inverse falls where its matrix rises."""
    return out.T @ g @ out.T


@error("sine")
def large_numbers_in_single_precision(g: Any, x: Any) -> Any:
    """Beyond 1,000 the place within a turn loses its digits."""
    return g * np.where(np.abs(x) > 1000, np.cos(x.astype(np.float32)), np.cos(x)).astype(x.dtype)


@error("layer_norm")
def scale_of_the_first_row(g: Any, x: Any, out: Any) -> Any:
    """Each row has a variance of its own."""
    found = layer_norm_rule(g, x, out)
    spread = np.sqrt(np.var(x, -1, keepdims=True) + 1e-5)
    return found * spread / np.reshape(spread, -1)[:1] if spread.size else found


@error("product", input=1)
def mean_over_what_broadcasts(g: Any, x: Any, y: Any) -> Any:
    """What is repeated gets the sum of its gradients, not their mean."""
    return g * x / (max(g.size, 1) / max(y.size, 1))


@error("variance")
def mean_not_subtracted(g: Any, x: Any, ddof: Any) -> Any:
    """It is the distance from the mean that counts."""
    return last(g) * 2 * x / (x.shape[-1] - ddof)


@error("angle")
def divided_once(g: Any, y: Any, x: Any) -> Any:
    """The slope falls with the square of the distance; at a distance of 1 that is the same."""
    return g * x / distance(x, y)


@error("multiplied")
def signs_of_the_others_lost(g: Any, x: Any) -> Any:
    """The product of the others is below 0 if an odd number of them is."""
    return g * np.abs(of_the_others(x))


@error("interpolation")
def piece_of_the_neighbour(g: Any, x: Any) -> Any:
    """The pieces are counted from the second one."""
    return g * np.select([x <= -1, x <= 0, x <= 2], [0.0, -1.0, 0.0], 3.0)


@error("largest")
def position_in_the_whole_array(g: Any, x: Any, axis: Any) -> Any:
    """Each row has a largest element, not the array alone."""
    return np.expand_dims(g, axis) * (x == np.max(x))
