"""The steps of Adam and SGD as one loop each, of machine code that LLVM makes where numba is installed.

Each computes the same numbers as the passes of its optimizer, in the same order, so the parameters are the same bits.
Options that are off are numbers that change nothing: a sign of 1, a rate of shrinking of 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir  # where numba is installed, of which `load_numba` has made sure

from autograd.extend import machine_function

Array = np.ndarray[Any, Any]
Number = np.floating[Any]
_VERSION = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def gradient_numbers(group: dict[str, Any], number: type[Number]) -> tuple[Number, Number, Number]:
    """Return what the parameter is multiplied by, what of it is added to the gradient, and the gradient's sign."""
    decay, sign = group["weight_decay"], -1.0 if group["maximize"] else 1.0
    if group.get("decoupled_weight_decay"):
        return number(1 - group["lr"] * decay), number(0), number(sign)
    return number(1), number(decay), number(sign)


def threshold(step: int, number: type[Number]) -> Number:
    """Return below which moments are set to 0 in this step, as `clear_subnormal` does every 64 steps."""
    return number(1000 * np.finfo(number).tiny if step % 64 == 0 else 0)


def adam(arrays: Sequence[Array], numbers: Sequence[Number]) -> None:
    """Update the parameters and the moments of a run.

    Parameters
    ----------
    arrays
        Parameters, gradients, running means of these and of their squares, and the largest of the latter if wanted.
    numbers
        Those of `gradient_numbers`, the two rates of decay, the rate, eps, and the `threshold`.
    """
    _run(_adam_step, arrays, numbers, bool(numbers[1]))


def sgd(arrays: Sequence[Array], numbers: Sequence[Number], first: bool, nesterov: bool) -> None:
    """Update the parameters, and the momentum if there is one, of a run.

    Parameters
    ----------
    arrays
        Parameters, gradients, and their running sum if there is momentum.
    numbers
        Those of `gradient_numbers`, momentum, what it takes of a gradient, the rate, and the `threshold`.
    """
    _run(_sgd_step, arrays, numbers, bool(numbers[1]), first, nesterov)


def _run(step: Callable[..., None], arrays: Sequence[Array], numbers: Sequence[Number], *switches: bool) -> None:
    if arrays[0].size:
        table = np.array(numbers, arrays[0].dtype)
        loop = _loop(step, table.dtype.char, len(arrays), len(table), switches)
        loop(*map(id, arrays), id(table), arrays[0].size)


@cache
def _loop(
    step: Callable[..., None], char: str, arrays: int, numbers: int, switches: tuple[bool, ...]
) -> Callable[..., bool]:
    """Return a loop over all elements, as a function of the ids of arrays and of how many there are."""
    kind, index, pointer = ir.FloatType() if char == "f" else ir.DoubleType(), ir.IntType(64), ir.PointerType()

    def write(outside: Any, args: Sequence[Any]) -> Any:
        signature = ir.FunctionType(ir.VoidType(), [*[pointer] * (arrays + 1), index])
        function = ir.Function(outside.module, signature, "each")
        function.linkage = "internal"
        for argument in function.args[:-1]:
            argument.add_attribute("noalias")  # so that several elements are computed at once
        *cells, table, count = function.args
        builder = ir.IRBuilder(function.append_basic_block())
        known = [builder.load(builder.gep(table, [index(i)], source_etype=kind), typ=kind) for i in range(numbers)]
        before, body, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(body)
        builder.position_at_end(body)
        i = builder.phi(index)
        step(_Numbers(builder, kind), [builder.gep(x, [i], source_etype=kind) for x in cells], known, *switches)
        following = builder.add(i, index(1))
        i.add_incoming(index(0), before)
        i.add_incoming(following, body)
        builder.cbranch(builder.icmp_signed("<", following, count), body, after)
        builder.position_at_end(after)
        builder.ret_void()
        outside.call(function, [*(outside.inttoptr(address, pointer) for address in args[:-1]), args[-1]])
        return ir.IntType(1)(1)

    return machine_function(f"{_VERSION} {step.__name__} {char} {arrays} {switches}", arrays + 1, 1, write)


class _Numbers:
    """LLVM's instructions for numbers of one dtype."""

    def __init__(self, builder: Any, kind: Any) -> None:
        self.builder, self.kind = builder, kind
        self.times, self.plus, self.over, self.store = builder.fmul, builder.fadd, builder.fdiv, builder.store

    def load(self, cell: Any) -> Any:
        return self.builder.load(cell, typ=self.kind)

    def root(self, x: Any) -> Any:
        return self.builder.call(self.builder.module.declare_intrinsic("llvm.sqrt", [self.kind]), [x])

    def largest(self, x: Any, y: Any) -> Any:
        """Return the larger one; nan if either is."""
        stays = self.builder.or_(self.builder.fcmp_ordered(">=", x, y), self.builder.fcmp_unordered("uno", x, x))
        return self.builder.select(stays, x, y)

    def cleared(self, x: Any, smallest: Any) -> Any:
        """Return a number, or 0 of its sign if it is smaller."""
        size = self.builder.call(self.builder.module.declare_intrinsic("llvm.fabs", [self.kind]), [x])
        return self.builder.select(
            self.builder.fcmp_ordered(">=", size, smallest), x, self.times(x, ir.Constant(self.kind, 0.0))
        )

    def slope(self, old: Any, g: Any, decay: Any, sign: Any, decays: bool) -> Any:
        """Return the gradient to step along, with the decay of the weights."""
        slope = self.times(self.load(g), sign)
        return self.plus(self.times(old, decay), slope) if decays else slope


def _adam_step(n: _Numbers, cells: Sequence[Any], known: Sequence[Any], decays: bool) -> None:
    p, g, m, v, *rest = cells
    shrink, decay, sign, keep1, keep2, rate, eps, smallest = known
    old = n.times(n.load(p), shrink)
    slope = n.slope(old, g, decay, sign, decays)
    mean = n.plus(n.times(n.cleared(n.load(m), smallest), keep1), slope)
    square = n.plus(n.times(n.load(v), keep2), n.times(slope, slope))
    n.store(mean, m)
    n.store(square, v)
    for largest in rest:
        square = n.largest(n.load(largest), square)
        n.store(square, largest)
    n.store(n.plus(old, n.times(n.over(mean, n.plus(n.root(square), eps)), rate)), p)


def _sgd_step(
    n: _Numbers, cells: Sequence[Any], known: Sequence[Any], decays: bool, first: bool, nesterov: bool
) -> None:
    p, g, *rest = cells
    shrink, decay, sign, momentum, fresh, rate, smallest = known
    old = n.times(n.load(p), shrink)
    slope = n.slope(old, g, decay, sign, decays)
    for moment in rest:
        last = n.plus(n.times(n.cleared(n.load(moment), smallest), momentum), n.times(slope, fresh))
        last = slope if first else last
        n.store(last, moment)
        slope = n.plus(n.times(last, momentum), slope) if nesterov else last
    n.store(n.plus(old, n.times(slope, rate)), p)
