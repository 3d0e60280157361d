"""The steps of Adam and SGD as one loop each, of machine code that LLVM makes.

Each computes the same numbers as the passes of its optimizer, in the same order, so the parameters are the same bits.
Options that are off are numbers that change nothing: a sign of 1, a rate of shrinking of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir  # which `load_llvm` has found

from autograd.extend import machine_function, machine_loop

from ._flat_parameters import FlatParameters, Run
from ._optimizer import check_looped


def update(
    step: Callable[..., None], group: dict[str, Any], flat: FlatParameters, run: Run, scales: dict[str, float],
    numbers: Sequence[float], *switches: bool,
) -> None:  # fmt: skip
    """Take a step for a run, with the numbers that it names between those of the gradient and the smallest moment."""
    check_looped(flat.parameters[0])
    dtype, arrays = flat.data.dtype, flat.whole(run, scales)
    of_gradient = 1.0, group["weight_decay"], -1.0 if group["maximize"] else 1.0
    if group.get("decoupled_weight_decay"):
        of_gradient = 1 - group["lr"] * group["weight_decay"], 0.0, of_gradient[2]
    smallest = 1000 * np.finfo(dtype).tiny if run.step % 64 == 0 else 0  # as `clear_subnormal` has it
    table = np.array([*of_gradient, *numbers, smallest], dtype)
    loop = _loop(step, dtype.char, len(arrays), len(table), (bool(table[1]), *switches))
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
        with machine_loop(builder, count) as i:
            step(_Numbers(builder, kind), [builder.gep(x, [i], source_etype=kind) for x in cells], known, *switches)
        builder.ret_void()
        outside.call(function, [*(outside.inttoptr(address, pointer) for address in args[:-1]), args[-1]])
        return ir.IntType(1)(1)

    return machine_function(f"{step.__name__} {char} {arrays} {switches}", arrays + 1, 1, write)


class _Numbers:
    """LLVM's instructions for numbers of one dtype."""

    def __init__(self, builder: ir.IRBuilder, kind: ir.Type) -> None:
        self.builder, self.kind = builder, kind
        self.times, self.plus, self.over, self.store = builder.fmul, builder.fadd, builder.fdiv, builder.store

    def load(self, cell: ir.Value) -> ir.Value:
        return self.builder.load(cell, typ=self.kind)

    def root(self, x: ir.Value) -> ir.Value:
        return self.builder.call(self.builder.module.declare_intrinsic("llvm.sqrt", [self.kind]), [x])

    def largest(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """Return the larger one; nan if either is."""
        stays = self.builder.or_(self.builder.fcmp_ordered(">=", x, y), self.builder.fcmp_unordered("uno", x, x))
        return self.builder.select(stays, x, y)

    def cleared(self, x: ir.Value, smallest: ir.Value) -> ir.Value:
        """Return a number, or 0 of its sign if it is smaller."""
        size = self.builder.call(self.builder.module.declare_intrinsic("llvm.fabs", [self.kind]), [x])
        zero = self.times(x, ir.Constant(self.kind, 0.0))
        return self.builder.select(self.builder.fcmp_ordered(">=", size, smallest), x, zero)

    def slope(self, old: ir.Value, g: ir.Value, decay: ir.Value, sign: ir.Value, decays: bool) -> ir.Value:
        """Return the gradient to step along, with the decay of the weights."""
        slope = self.times(self.load(g), sign)
        return self.plus(self.times(old, decay), slope) if decays else slope


def adam(n: _Numbers, cells: Sequence[ir.Value], known: Sequence[ir.Value], decays: bool) -> None:
    """Write a step of Adam; what `amsgrad` needs are largest squares."""
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


def sgd(
    n: _Numbers, cells: Sequence[ir.Value], known: Sequence[ir.Value], decays: bool, first: bool, nesterov: bool
) -> None:
    """Write a step of SGD, with momentum if there are moments."""
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
