"""Exercise 7: mistakes in a gradient check."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograd import grad

from ..exercise import Exercise, play
from ..learner import Learner
from ..verdict import Mistake, Wrong, compare, shown

GRADIENT, AGREE = "numerical_gradient", "agree"


def cubes(x: Any) -> Any:
    """Return the sum of the cubes, of which no difference is exact."""
    return (x * x * x).sum()


def weighted(x: Any) -> Any:
    """Return a function in which all elements depend on each other."""
    return (x * x * x).sum() * x.reshape(-1)[0] + x.reshape(-1)[-1]


class Function:
    """A function with a name that is shown in examples."""

    def __init__(self, text: str, function: Callable[[Any], Any]) -> None:
        self.text, self.function = text, function

    def __call__(self, x: Any) -> float:
        """Return a plain number."""
        return float(self.function(x))

    def __str__(self) -> str:
        return self.text


CUBES = Function("the sum of x**3", cubes)
WEIGHTED = Function("x[first] times the sum of x**3, plus x[last]", weighted)
EXAMPLES = [
    (CUBES, np.array([2.0]), 0.5),
    (CUBES, np.array([1.0, 3.0]), 0.5),
    (WEIGHTED, np.array([1.0, 3.0, -1.0]), 0.25),
    (CUBES, np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5),
    (CUBES, np.array([1, 3]), 0.5),
    (CUBES, np.array(2.0), 0.5),
]


def differences(
    quotient: Callable[[Callable[[float], float], float], float],
    *,
    rows: bool = False,
    keep: bool = False,
    cast: bool = True,
) -> Callable[..., Any]:
    """Return a gradient by differences: `quotient` of the function along one element; with options for mistakes."""

    def gradient(f: Callable[[Any], float], x: Any, h: float) -> Any:
        x = x.astype(float) if cast else x.copy()
        found = np.zeros(x.shape)
        for place in range(len(x)) if rows else np.ndindex(x.shape):
            value = np.copy(x[place])

            def along(step: float, place: Any = place, value: Any = value) -> float:
                x[place] = value + step
                return f(x)

            found[place] = quotient(along, h)
            if not keep:
                x[place] = value
        return found

    return gradient


def central(along: Callable[[float], float], h: float) -> float:
    """Return the difference over both sides."""
    return (along(h) - along(-h)) / (2 * h)


def together(f: Callable[[Any], float], x: Any, h: float) -> Any:
    """Move all elements at once."""
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


SIDED = (
    "The difference is over one side only: its error is about h, not h**2",
    "Write both of Taylor's series below each other once more. Which terms vanish if you subtract f(x), and which if "
    "you "
    "subtract f(x - h)?",
)
MISTAKES = [
    Mistake(*SIDED, differences(lambda f, h: (f(h) - f(0.0)) / h)),
    Mistake(*SIDED, differences(lambda f, h: (f(0.0) - f(-h)) / h)),
    Mistake(
        "The difference is divided by h: the derivative comes out twice as large",
        "How far apart are x - h and x + h?",
        differences(lambda f, h: (f(h) - f(-h)) / h),
    ),
    Mistake(
        "The difference is halved, but not divided by h",
        "How far apart are x - h and x + h?",
        differences(lambda f, h: (f(h) - f(-h)) / 2),
    ),
    Mistake(
        "The sign is wrong: the value before is subtracted from the wrong side",
        "If f grows with x, which of f(x + h) and f(x - h) is larger?",
        differences(lambda f, h: (f(-h) - f(h)) / (2 * h)),
    ),
    Mistake(
        "All elements are moved at once: every derivative is the sum of all",
        "A partial derivative belongs to one element, while the others stay. How often does f have to be called?",
        together,
    ),
    Mistake(
        "An element that was moved is not put back before the next one is moved",
        "Print x at every call of f in the example. In how many elements does it differ from the x that was given?",
        differences(central, keep=True),
    ),
    Mistake(
        "A step gets lost in an array of whole numbers, which has no place for 0.5",
        "What is the dtype of your copy of x? What does NumPy do when 1.5 is put into an array of integers?",
        differences(central, cast=False),
    ),
    Mistake(
        "Whole rows are moved instead of single elements",
        "x may have any shape. x[i] of a matrix is a row. How does one reach every single element, whatever the shape?",
        differences(central, rows=True),
    ),
]

CLOSE = [
    (np.array([1.0]), np.array([1.0]), 0.0, 0.1),
    (np.array([1.0]), np.array([2.0]), 0.0, 0.1),
    (np.array([-3.0]), np.array([2.0]), 0.0, 0.1),
    (np.array([1.0, 5.0]), np.array([1.0, 2.0]), 0.0, 0.1),
    (np.array([0.0, 5.0]), np.array([1.0, 4.0]), 0.0, 0.1),
    (np.array([1000000.1]), np.array([1000000.0]), 1e-5, 1e-8),
    (np.array([-1000000.1]), np.array([-1000000.0]), 1e-5, 1e-8),
    (np.array([0.01]), np.array([0.0]), 1e-5, 0.1),
    (np.array([np.nan]), np.array([1.0]), 0.1, 0.1),
]


def within(first: Any, second: Any, rtol: float, atol: float) -> Any:
    """Tell for each element whether it agrees."""
    return np.abs(first - second) <= atol + rtol * np.abs(second)


AGREE_MISTAKES = [
    Mistake(
        "A difference far below zero counts as small: its size is not taken",
        "Is -5 a small difference? What does the text put around it?",
        lambda a, b, rtol, atol: bool(np.all(a - b <= atol + rtol * np.abs(b))),
    ),
    Mistake(
        "One element that agrees is enough",
        "A gradient with one right element and a thousand wrong ones: should the check be content?",
        lambda a, b, rtol, atol: bool(np.any(within(a, b, rtol, atol))),
    ),
    Mistake(
        "Differences are added up or averaged before they are compared, and those of both signs cancel",
        "Each element has to agree on its own. When is it that you compare?",
        lambda a, b, rtol, atol: bool(np.abs(np.sum(a - b)) <= np.sum(atol + rtol * np.abs(b))),
    ),
    Mistake(
        "rtol is not used: large numbers would have to agree in all their digits",
        "Which part of the bound grows with the numbers?",
        lambda a, b, rtol, atol: bool(np.all(np.abs(a - b) <= atol)),
    ),
    Mistake(
        "atol is not used: nothing but 0 itself agrees with 0",
        "What is the bound for an element of second that is 0?",
        lambda a, b, rtol, atol: bool(np.all(np.abs(a - b) <= rtol * np.abs(b))),
    ),
    Mistake(
        "The bound is negative where second is: its size is not taken",
        "What is rtol * second for second = -1000000?",
        lambda a, b, rtol, atol: bool(np.all(np.abs(a - b) <= atol + rtol * b)),
    ),
    Mistake(
        "nan agrees with everything: no comparison with it is true, and yours asks whether one is too large",
        "nan > 1 is False, and nan <= 1 is False too. Ask for what you want, not for its opposite.",
        lambda a, b, rtol, atol: not bool(np.any(np.abs(a - b) > atol + rtol * np.abs(b))),
    ),
    Mistake(
        "The arrays have to be equal to the last bit",
        "Numbers that come from rounding are never equal. How far may they be apart, by the text?",
        lambda a, b, rtol, atol: bool(np.all(a == b)),
    ),
]


def check(learner: Learner) -> None:
    """Compare both functions at examples; then differences of the engine's functions with its gradients."""
    compare(learner, GRADIENT, ("f", "x", "h"), EXAMPLES, differences(central), MISTAKES)
    answers = ("first", "second", "rtol", "atol")
    compare(learner, AGREE, answers, CLOSE, lambda *given: bool(np.all(within(*given))), AGREE_MISTAKES)
    x = np.random.default_rng(0).uniform(0.5, 2.0, (3, 2))
    for text, f in FUNCTIONS.items():
        slopes, expected = learner.call(GRADIENT, Function(text, f), x, 1e-5), np.asarray(grad(f)(x))
        for planted, wanted in ((expected, True), (-expected, False)):
            if bool(learner.call(AGREE, planted, slopes, 1e-6, 1e-8)) is not wanted:
                does = "refuses a gradient that is right" if wanted else "accepts a gradient with a wrong sign"
                raise Wrong(
                    f"Your check {does}",
                    where=learner.where(GRADIENT),
                    example=[("f", text), ("x", shown(x)), ("gradient", shown(planted)), ("yours", shown(slopes))],
                    think="Small examples are right. How exact are your differences, with h = 0.00001?",
                )


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "the sum of sin(x)": lambda x: np.sin(x).sum(),
    "the product of all elements": np.prod,
    "the sum of exp(x) / x": lambda x: (np.exp(x) / x).sum(),
}


def draw(learner: Learner, path: Path) -> None:
    """Play the function whose gradient was checked; the learner's differences are in the title."""
    x = np.array([1.0, 3.0])
    found = ", ".join(f"{slope:.6g}" for slope in np.ravel(learner.call(GRADIENT, CUBES, x, 1e-5)))
    play(path, f"x**3, yours: {found}", lambda x: cubes(x), x)


EXERCISE = Exercise(
    "ex07_gradcheck",
    "A gradient check: derivatives by differences",
    check,
    draw,
    (
        "x.astype(float) makes a copy that has room for h. Work on that, and x stays as it is.",
        "for place in np.ndindex(x.shape) goes over all elements of any shape: x[place] is one of them.",
        "For agree, build the comparison element by element, an array of True and False; np.all asks whether all are. "
        "bool() makes True or False of it.",
    ),
)
