"""Errors that show only in second derivatives, forward mode, `vmap` or `compile`."""

import sys
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.arrays.batched import Batched
from autograd.arrays.door import constant
from autograd.arrays.traced import Traced
from autograd.primitives.primitive import Primitive
from autograd.transforms import forward_mode

from ..planting import At, Planted, Right
from ..subjects import Subject
from .kind import add, forward_kind, kind


def _inputs_kept(at: At) -> dict[str, Any]:
    return {name: value for name, value in at.kept.items() if name != "g" and isinstance(value, Tensor)}


@kind(probe="second")
def constant_in_second(right: Right, at: At) -> Any:
    """In second derivatives a variable is a constant."""
    return right(**{name: value.detach() for name, value in _inputs_kept(at).items()})


@kind(probe="second")
def cotangent_constant_in_second(right: Right, at: At) -> Any:
    """In second derivatives the cotangent is a constant."""
    return right(g=at.g.detach()) if isinstance(at.g, Tensor) else right()


@kind(probe="second")
def second_twice_too_large(right: Right, at: At) -> Any:
    """The derivatives of the gradient are twice too large, but not the gradient."""
    gx = right()
    return gx + (gx - gx.detach()) if isinstance(gx, Tensor) else gx


@kind(probe="second")
def second_with_wrong_sign(right: Right, at: At) -> Any:
    """The derivatives of the gradient have the wrong sign, but not the gradient."""
    gx = right()
    return gx.detach() * 2.0 - gx if isinstance(gx, Tensor) else gx


@kind(probe="second")
def second_off_by_1_percent(right: Right, at: At) -> Any:
    """The derivatives of the gradient are wrong by 1 percent, but not the gradient."""
    gx = right()
    return gx + 0.01 * (gx - gx.detach()) if isinstance(gx, Tensor) else gx


def _is_pushing() -> bool:
    """Tell whether forward mode asks for the derivative."""
    return bool(sys._getframe(2).f_globals["__name__"] == forward_mode.__name__)


def _wrong_when_pushed(factor: float) -> Any:
    def form(right: type[Primitive]) -> type[Primitive]:
        class Wrong(right):  # type: ignore[misc, valid-type]  # a class that is known when the error is planted
            def derivative(self, *args: Any, **kwargs: Any) -> Any:
                gx = super().derivative(*args, **kwargs)
                return gx * factor if _is_pushing() else gx

        return Wrong

    return form


def _pushes_rule(subject: Subject, index: int) -> bool:
    return subject.declared is not None and subject.declared.kind in ("elementwise", "general") and index == 0


for _name, _factor, _summary in (
    ("forward_twice", 2.0, "In forward mode the derivative is twice too large."),
    ("forward_sign", -1.0, "In forward mode the derivative has the wrong sign."),
    ("forward_off_by_1e_4", 1 + 1e-4, "In forward mode the derivative is wrong by one part in 10,000."),
):
    add(_name, "modes", _summary, Planted(form=_wrong_when_pushed(_factor)), _pushes_rule, "forward")


def _nonlinear(subject: Subject, index: int) -> bool:
    declared = subject.declared
    return declared is not None and declared.kind in ("elementwise", "general") and len(declared.rules) == 1


def _not_elementwise(subject: Subject, index: int) -> bool:
    declared = subject.declared
    return declared is not None and declared.kind in ("linear", "general") and len(declared.rules) == 1


class _Reapplied:
    """Makes forward mode apply the function itself to tangents."""

    def __call__(self, right: type[Primitive]) -> type[Primitive]:
        class Wrong(right):  # type: ignore[misc, valid-type]  # as above
            def statics(self, node: Any) -> Any:
                return node.kept_y if len(self.parameters) > 1 else ()

        return Wrong


add(
    "declared_linear",
    "modes",
    "A function that is not linear is declared as linear.",
    Planted(declared="linear", form=_Reapplied()),
    _nonlinear,
    "forward",
)
add(
    "declared_elementwise",
    "modes",
    "A function of whole rows is declared as elementwise.",
    Planted(declared="elementwise"),
    _not_elementwise,
    "forward",
)


@kind(probe="vmap")
def summed_over_the_batch(right: Right, at: At) -> Any:
    """Within vmap each example gets the mean of the gradients of all."""
    gx = right()
    if type(gx) is not Batched:
        return gx
    return Batched(np.broadcast_to(gx.value.mean(0), gx.value.shape), gx.level)


@kind(probe="vmap")
def batch_shifted(right: Right, at: At) -> Any:
    """Within vmap each example gets the gradient of its neighbour."""
    gx = right()
    return Batched(np.roll(gx.value, 1, axis=0), gx.level) if type(gx) is Batched else gx


@kind(probe="vmap")
def first_of_the_batch(right: Right, at: At) -> Any:
    """Within vmap the cotangent of the first example serves all."""
    if type(at.g) is not Batched:
        return right()
    return right(g=Batched(np.broadcast_to(at.g.value[:1], at.g.value.shape), at.g.level))


@forward_kind(probe="vmap")
def value_shifted_in_the_batch(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """Within vmap the results are those of other examples."""
    out = right(*args)
    return Batched(np.roll(out.value, 1, axis=0), out.level) if type(out) is Batched else out


def _baked(x: Any) -> Any:
    """Return an array whose mean a program takes for the number that it is in the first call."""
    if not isinstance(x, Traced) or x.dtype.kind not in "fc" or not x.size:
        return x
    return x - x.mean() + x.value.mean().item()


@kind(probe="compile")
def baked_into_the_program(right: Right, at: At) -> Any:
    """A compiled gradient computes with means of the first call."""
    return right(**{name: _baked(value) for name, value in at.kept.items() if name != "g"})


@kind(probe="compile")
def baked_factor(right: Right, at: At) -> Any:
    """A compiled gradient has the mean of the first call."""
    return _baked(right())


@forward_kind(probe="compile")
def baked_value(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """A compiled function returns values with the mean of the first call."""
    return _baked(right(*args))


@kind(probe="third")
def third_derivative(right: Right, at: At) -> Any:
    """Third derivatives are wrong, but no first and no second ones."""
    gx = right()
    if not isinstance(gx, Tensor):
        return gx
    change = gx - gx.detach()
    return gx + change * change


@kind(needs=("x",), probe="second")
def second_where_negative(right: Right, at: At) -> Any:
    """Second derivatives are twice too large where x is negative."""
    gx = right()
    if not isinstance(gx, Tensor) or not isinstance(at.x, Tensor) or gx.dtype.kind == "c" or gx.shape != at.x.shape:
        return gx
    return gx + np.where(np.less(at.x.detach(), 0), gx - gx.detach(), 0.0)


@kind(probe="second")
def second_in_large_arrays(right: Right, at: At) -> Any:
    """Second derivatives are wrong for the last element of arrays of several."""
    gx = right()
    if not isinstance(gx, Tensor) or gx.size < 2:
        return gx
    last = constant((np.arange(gx.size) == gx.size - 1).reshape(gx.shape))
    return gx + np.where(last, gx - gx.detach(), 0.0)


@kind(probe="one_live", needs=("x", "other"))
def second_beside_a_constant(right: Right, at: At) -> Any:
    """Second derivatives are wrong where the other input is a constant."""
    gx = right()
    if not isinstance(gx, Tensor) or isinstance(at.other, Tensor):
        return gx
    return gx + (gx - gx.detach())


class _WrongWhenPushed:
    """Makes forward mode wrong where a condition holds of the cotangent and of the node."""

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def __call__(self, right: type[Primitive]) -> type[Primitive]:
        condition = self.condition

        class Wrong(right):  # type: ignore[misc, valid-type]  # as above
            def derivative(self, *args: Any, **kwargs: Any) -> Any:
                gx = super().derivative(*args, **kwargs)
                return gx * 2.0 if _is_pushing() and condition(args, gx) else gx

        return Wrong


def _tangent_is(condition: Any) -> Any:
    def of(args: tuple[Any, ...], gx: Any) -> bool:
        return any(isinstance(each, np.ndarray | Tensor) and condition(each) for each in (*args, gx))

    return of


add(
    "forward_in_single",
    "modes",
    "In forward mode the derivative of float32 is twice too large.",
    Planted(form=_WrongWhenPushed(_tangent_is(lambda t: t.dtype == np.float32))),
    _pushes_rule,
    "forward_single",
)
add(
    "forward_of_a_live_tangent",
    "modes",
    "In forward mode of forward or reverse mode the derivative is twice too large.",
    Planted(form=_WrongWhenPushed(_tangent_is(lambda t: isinstance(t, Tensor)))),
    _pushes_rule,
    "forward_over_reverse",
)


@kind(probe="vmap_shared", needs=("x", "other"))
def beside_what_the_batch_shares(right: Right, at: At) -> Any:
    """Within vmap wrong where the other input is shared by the batch."""
    gx = right()
    shared = type(at.g) is Batched and type(at.x) is Batched and type(at.other) is not Batched
    return gx * 2.0 if shared else gx


@kind(probe="vmap_shared", needs=("x", "other"))
def shared_by_the_batch(right: Right, at: At) -> Any:
    """Within vmap wrong where the batch shares this input."""
    gx = right()
    shared = type(at.g) is Batched and type(at.x) is not Batched and type(at.other) is Batched
    return gx * 2.0 if shared else gx


@kind(probe="vmap_one")
def batch_of_one(right: Right, at: At) -> Any:
    """Within vmap wrong for a batch of one."""
    gx = right()
    return gx * 2.0 if type(gx) is Batched and len(gx.value) == 1 else gx


@kind(probe="vmap")
def batch_in_single(right: Right, at: At) -> Any:
    """Within vmap computed in single precision."""
    gx = right()
    if type(gx) is not Batched or gx.value.dtype != np.float64 or not isinstance(gx.value, np.ndarray):
        return gx
    return Batched(gx.value.astype(np.float32).astype(np.float64), gx.level)


@kind(probe="compile_branch", needs=("x",))
def baked_branch(right: Right, at: At) -> Any:
    """A compiled gradient takes the branch of the first call: whether the sum of x is positive."""
    gx = right()
    traced: Any = at.x
    if not isinstance(traced, Traced) or at.x.dtype.kind == "c":
        return gx
    sign = 1.0 if traced.value.sum().item() > 0 else -1.0
    return gx * (np.sign(at.x.sum()) * sign * -0.5 + 1.5)
