"""What functions of functions say of a function that returns nothing to differentiate, and its name and line."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import AutogradError, DerivativeError, DtypeError, extend
from autograd.scipy import optimize

from ..lists import assert_complete

X = np.array([1.0, 2.0])
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "checkpoint": lambda f: autograd.checkpoint(f, X),
    "elementwise_grad": lambda f: autograd.elementwise_grad(f)(X),
    "fixed_point": lambda f: autograd.fixed_point(f, X),
    "ggnvp": lambda f: autograd.ggnvp(f, X, X),
    "grad": lambda f: autograd.grad(f)(X),
    "gradcheck": lambda f: autograd.gradcheck(f, X, fast_mode=True),
    "gradgradcheck": lambda f: autograd.gradgradcheck(f, X, fast_mode=True),
    "hessian": lambda f: autograd.hessian(f)(X),
    "hvp": lambda f: autograd.hvp(f, X, X),
    "jacobian": lambda f: autograd.jacobian(f)(X),
    "jvp": lambda f: autograd.jvp(f, X, X),
    "linearize": lambda f: autograd.linearize(f, X),
    "sparsity": lambda f: autograd.sparsity(f)(X),
    "value_and_grad": lambda f: autograd.value_and_grad(f)(X),
    "vjp": lambda f: autograd.vjp(f, X),
    "vmap": lambda f: autograd.vmap(f)(X[None]),
}
# They declare operations, which are no functions of functions.
DECLARATIONS = {"composed", "elementwise", "general", "linear", "multilinear"}
# A function that is compiled may return anything; one that is called outside a program, by a loop or of leaves, too.
CALLS = {"called", "unrecorded", "compile", "outside", "tree_map"}


def forgotten(x: Any) -> Any:
    x * x


def text(x: Any) -> Any:
    return "loss"


def whole(x: Any) -> Any:
    return 3


def count(x: Any) -> Any:
    return (x > 0).sum()


def truth(x: Any) -> Any:
    return x > 0


def place(x: Any) -> Any:
    return np.argmax(x)


def among_others(x: Any) -> Any:
    return {"loss": x.sum(), "hits": "many"}


class Model:
    def __call__(self, x: Any) -> Any:
        return None


def test_every_function_of_functions_is_looked_at() -> None:
    public = {name: getattr(module, name) for module in (autograd, autograd.extend) for name in module.__all__}
    of_functions = {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and next(iter(inspect.signature(value).parameters), "") in ("function", "fn")
    }
    assert_complete(
        of_functions, TRANSFORMS.keys() | DECLARATIONS | CALLS, "TRANSFORMS in tests/transforms/test_returned.py"
    )


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    ("function", "word"),
    [(forgotten, "None"), (text, "str"), (whole, "int"), (count, "int64"), (truth, "bool"), (place, "int64")],
)
def test_nothing_to_differentiate_raises(transform: str, function: Any, word: str) -> None:
    if transform in ("checkpoint", "vmap") and word not in ("None", "str"):
        assert not getattr(TRANSFORMS[transform](function), "requires_grad", False)  # beside others, numbers make sense
        return
    with pytest.raises(DtypeError) as caught:
        TRANSFORMS[transform](function)
    line = inspect.getsourcelines(function)[1]
    assert f"{function.__name__}() at {__file__}:{line} returned " in str(caught.value)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "transform", sorted(TRANSFORMS.keys() - {"checkpoint", "fixed_point", "gradcheck", "gradgradcheck"})
)
def test_nothing_to_differentiate_among_others_raises(transform: str) -> None:
    with pytest.raises(DtypeError, match=r"among_others\(\) at .* returned "):
        TRANSFORMS[transform](among_others)


def test_integers_beside_numbers_have_no_derivative() -> None:
    def counted(x: Any) -> Any:
        return x.sum(), np.argmax(x)

    value, pull = autograd.vjp(counted, X)
    np.testing.assert_array_equal(pull((2.0, 7.0))[0], np.full(X.shape, 2.0))
    assert autograd.jvp(counted, X, np.ones_like(X)) == (value, (X.size, 0.0))


def test_any_callable_is_named() -> None:
    functions: list[tuple[Any, str]] = [
        (Model(), "Model"),
        (functools.partial(forgotten), "forgotten"),
        (lambda x: None, "the function at"),
    ]
    for function, name in functions:
        with pytest.raises(DtypeError, match=name):
            autograd.grad(function)(X)
    with pytest.raises(DtypeError, match=r"argmax\(\) at .* returned int64 values"):
        autograd.grad(np.argmax)(X)


def test_what_stands_beside_the_number_may_be_anything() -> None:
    gradient, aux = autograd.grad(lambda x: (x.sum(), {"name": "loss", "count": 3, "none": None}), has_aux=True)(X)
    assert np.array_equal(gradient, [1, 1])
    assert aux == {"name": "loss", "count": 3, "none": None}


def nothing(*args: Any, **kwargs: Any) -> Any:
    """Stand for a function whose author forgot to return what it computes."""
    return None


def operation(define: Callable[[Any], Any]) -> Any:
    """Return an operation declared as in HIPS autograd, whose derivatives `define` says."""
    square = extend.primitive(lambda x: x**2)
    extend.defvjp(square, lambda ans, x: lambda g: g * 2 * x)
    define(square)
    return square


def class_of(forward: Any, backward: Any, jvp: Any = None) -> Any:
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    members |= {} if jvp is None else {"jvp": staticmethod(jvp)}
    square: Any = type("Square", (autograd.Function,), members)
    return square.apply


def squared(x: Any, *others: Any) -> Any:
    return x * x


def passed(g: Any) -> Any:
    return g


def twice(g: Any, x: Any) -> Any:
    return g * 2 * x


# What a program says of an operation of its own, with one return forgotten.
FORGOTTEN: dict[str, Callable[[], Any]] = {
    "elementwise": lambda: autograd.elementwise(lambda x: nothing(), twice, name="square"),
    "rule of elementwise": lambda: autograd.elementwise(lambda x: x * x, lambda g, x: nothing(), name="square"),
    "linear": lambda: autograd.linear(lambda x: nothing(), passed, name="same"),
    "rule of linear": lambda: autograd.linear(lambda x: x * 1, lambda g: nothing(), name="same"),
    "general": lambda: autograd.general(lambda x: nothing(), twice, name="square"),
    "rule of general": lambda: autograd.general(lambda x: x * x, lambda g, x: nothing(), name="square"),
    "several results": lambda: autograd.general(lambda x: nothing(), lambda g: g[0], name="parts", outputs=True),
    "forward": lambda: class_of(nothing, lambda ctx, g: g),
    "backward": lambda: class_of(lambda ctx, x: x * x, nothing),
    "primitive": lambda: extend.primitive(nothing),
    "defvjp": lambda: operation(lambda f: extend.defvjp(f, lambda ans, x: nothing)),
    "defvjp_argnum": lambda: operation(lambda f: extend.defvjp_argnum(f, lambda argnum, ans, args, kwargs: nothing)),
}
FORGOTTEN_FORWARD: dict[str, Callable[[], Any]] = {
    "jvp of general": lambda: autograd.general(lambda x: x * x, twice, name="square", jvp=[lambda t, x: nothing()]),
    "jvp": lambda: class_of(lambda ctx, x: x * x, lambda ctx, g: g, nothing),
    "defjvp": lambda: operation(lambda f: extend.defjvp(f, nothing)),
    "defjvp_argnums": lambda: operation(lambda f: extend.defjvp_argnums(f, nothing)),
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_an_operation_that_returns_nothing_raises(name: str) -> None:
    function = FORGOTTEN[name]()
    with pytest.raises((AutogradError, TypeError), match="is a return missing"):
        autograd.grad(lambda x: np.sum(function(x)))(X)


@pytest.mark.parametrize("name", FORGOTTEN_FORWARD)
def test_a_forward_derivative_that_is_nothing_raises(name: str) -> None:
    function = FORGOTTEN_FORWARD[name]()
    with pytest.raises(DerivativeError, match=r"returned None.*: is a return missing"):
        autograd.jvp(lambda x: np.sum(function(x)), (X,), (X,))


def test_none_in_the_place_of_a_gradient_says_that_there_is_none() -> None:
    blocked = class_of(lambda ctx, x: x * x, lambda ctx, g: (None,))
    assert autograd.grad(lambda x: np.sum(blocked(x) * x))(X).tolist() == [1, 4]
    zero = operation(lambda f: extend.defvjp(f, None))
    assert autograd.grad(lambda x: np.sum(zero(x) * x))(X).tolist() == [1, 4]


def test_closures_layers_and_equations_that_return_nothing_raise() -> None:
    layer = nn.Linear(2, 1)
    forgetful: Any = type("Forgetful", (nn.Module,), {"forward": lambda self, x: None})()
    for call in (
        lambda: nn.optim.LBFGS(layer.parameters()).step(nothing),
        lambda: nn.Sequential(forgetful, layer)(X),
        lambda: nn.functional.mse_loss(forgetful(X), X),
        lambda: optimize.root(nothing, X),
        lambda: optimize.minimize(nothing, X),
    ):
        with pytest.raises(TypeError, match="is a return missing"):
            call()
