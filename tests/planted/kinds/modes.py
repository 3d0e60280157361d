"""Errors that show only in second derivatives, forward mode, `vmap` or `compile`."""

import sys
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.graph.batched import Batched
from autograd.graph.traced import Traced, constant
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


@kind(probe="compile")
def baked_into_the_program(right: Right, at: At) -> Any:
    """A compiled gradient computes with the values of the first call."""
    traced = {name: value for name, value in at.kept.items() if name != "g" and isinstance(value, Traced)}
    return right(**{name: constant(np.array(value.value)) for name, value in traced.items()})


def _baked(x: Any) -> Any:
    """Return an array whose values a program takes for constants."""
    traced: Any = isinstance(x, Traced)
    return x * 0 + constant(np.array(x.value)) if traced else x


@kind(probe="compile")
def baked_factor(right: Right, at: At) -> Any:
    """A compiled gradient is the one of the first call."""
    return _baked(right())


@forward_kind(probe="compile")
def baked_value(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """A compiled function returns the value of the first call."""
    return _baked(right(*args))
