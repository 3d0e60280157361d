"""Machine code of tiles: the two loops of `direct`, written for the registers of the processor and compiled by LLVM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir  # which `load_llvm` has found

from autograd.extend import machine_function


@contextmanager
def _loop(builder: Any, stop: Any, carried: list[Any]) -> Iterator[Any]:
    """Write a loop of at least one round, whose body is what is written within; it replaces what is carried."""
    before, body, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(body)
    builder.position_at_end(body)
    number = ir.IntType(64)
    begun = [(builder.phi(value.type), value) for value in (number(0), *carried)]
    for phi, value in begun:
        phi.add_incoming(value, before)
    round_ = begun[0][0]
    carried[:] = [phi for phi, _ in begun[1:]]
    yield round_
    following = builder.add(round_, number(1))
    for (phi, _), value in zip(begun, (following, *carried), strict=True):
        phi.add_incoming(value, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, stop), body, after)
    builder.position_at_end(after)


class _Writer:
    """LLVM's instructions for vectors of one dtype; arrays are addresses, and distances are in elements."""

    def __init__(self, builder: Any, char: str, width: int) -> None:
        self.builder, self.module = builder, builder.module
        self.bytes = np.dtype(char).itemsize
        self.lanes = width // self.bytes
        self.integer, self.number = ir.IntType(64), ir.FloatType() if char == "f" else ir.DoubleType()
        self.vector = ir.VectorType(self.number, self.lanes)
        suffix, vector = f"v{self.lanes}f{8 * self.bytes}", self.vector
        self._muladd = ir.Function(self.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.{suffix}")
        self._sum = ir.FunctionType(self.number, [self.number, vector]), f"llvm.vector.reduce.fadd.{suffix}"

    def at(self, array: Any, *factors: Any) -> Any:
        """Return the address of the element whose index is the product of some integers."""
        index, *others = [self.integer(f) if isinstance(f, int) else f for f in factors]
        for factor in others:
            index = self.builder.mul(index, factor)
        return self.builder.gep(array, [index], source_etype=self.number)

    def offset(self, offsets: Any, index: Any) -> Any:
        """Return an element of an array of integers."""
        return self.builder.load(self.builder.gep(offsets, [index], source_etype=self.integer), typ=self.integer)

    def run(self, array: Any) -> Any:
        """Return the vector at an address, which need not be a multiple of its size."""
        loaded = self.builder.load(array, typ=self.vector)
        loaded.align = self.bytes
        return loaded

    def store(self, value: Any, array: Any) -> None:
        """Write a number or a vector to an address."""
        self.builder.store(value, array).align = self.bytes

    def add(self, value: Any, array: Any) -> None:
        """Add to the number at an address."""
        self.store(self.builder.fadd(self.builder.load(array, typ=self.number), value), array)

    def everywhere(self, array: Any) -> Any:
        """Return a vector whose lanes are all the number at an address."""
        none, places = ir.Constant(self.vector, ir.Undefined), ir.VectorType(ir.IntType(32), self.lanes)
        one = self.builder.insert_element(none, self.builder.load(array, typ=self.number), ir.IntType(32)(0))
        return self.builder.shuffle_vector(one, none, ir.Constant(places, None))

    def add_products(self, sums: list[Any], left: list[Any], right: list[Any]) -> None:
        """Add to the sums the product of each vector on the left with each on the right."""
        for i, a in enumerate(left):
            for j, b in enumerate(right):
                index = i * len(right) + j
                sums[index] = self.builder.call(self._muladd, [a, b, sums[index]])

    def sum(self, vector: Any) -> Any:
        """Return the sum of the lanes of a vector."""
        kind, name = self._sum
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return self.builder.call(function, [self.number(0.0), vector], fastmath=["reassoc"])


def _write_correlate(w: _Writer, args: list[Any], tall: int, wide: int) -> None:
    """Write the loop over groups, images, rows, tiles and bands of outputs; within, over all positions of a window."""
    x, weight, out, offsets, groups, apart, bands, taps, n, rows, tiles, area, length, spread, *steps = args
    across, down, along, *beside = steps
    b = w.builder
    with _loop(b, groups, []) as group:
        x, weight, out = (
            w.at(x, group, apart),
            w.at(weight, group, bands, taps, tall),
            w.at(out, group, bands, spread, tall),
        )
        with _loop(b, n, []) as image, _loop(b, rows, []) as row, _loop(b, tiles, []) as tile:
            x = w.at(w.at(w.at(x, image, area), row, across), tile, along)
            out = w.at(w.at(w.at(out, image, length), row, down), tile, along)
            with _loop(b, bands, []) as band:
                kernels, target = w.at(weight, band, taps, tall), w.at(out, band, spread, tall)
                sums = [w.vector(None)] * (tall * wide)
                with _loop(b, taps, sums) as tap:
                    begin, kernel = w.at(x, w.offset(offsets, tap)), w.at(kernels, tap, tall)
                    inputs = [w.run(w.at(begin, beside[0], j)) for j in range(wide)]
                    w.add_products(sums, [w.everywhere(w.at(kernel, i)) for i in range(tall)], inputs)
                for i in range(tall):
                    for j in range(wide):
                        w.store(sums[i * wide + j], w.at(w.at(target, spread, i), beside[1], j))


def _write_products(w: _Writer, args: list[Any], tall: int, wide: int) -> None:
    """Write the loop over groups, blocks of images, bands, positions of a window; within, over a block's runs."""
    x, factors, out, offsets, groups, apart, bands, taps, n, most, area, length, spread, width, *steps = args
    few, *outer, many, along, beside = steps
    b = w.builder
    blocks = b.sdiv(b.add(n, b.sub(most, w.integer(1))), most)
    with _loop(b, groups, []) as group, _loop(b, blocks, []) as block:
        begin = b.mul(block, most)
        rest = b.sub(n, begin)
        images = b.select(b.icmp_signed("<", rest, most), rest, most)
        x = w.at(w.at(x, group, apart), begin, area)
        factors = w.at(w.at(factors, group, bands, spread, tall), begin, length)
        out = w.at(out, group, bands, width, tall)
        with _loop(b, bands, []) as band, _loop(b, taps, []) as tap:
            first = b.mul(tap, w.integer(wide))
            inputs = [w.at(x, w.offset(offsets, b.add(first, w.integer(j)))) for j in range(wide)]
            others = [w.at(w.at(factors, band, spread, tall), spread, i) for i in range(tall)]
            sums = [w.vector(None)] * (tall * wide)
            with _loop(b, images, sums) as image, _loop(b, few, sums) as i:
                right = [w.at(w.at(y, image, area), i, outer[0]) for y in inputs]
                left = [w.at(w.at(y, image, length), i, outer[1]) for y in others]
                with _loop(b, many, sums) as j:
                    runs = [w.run(w.at(y, j, along)) for y in right]
                    w.add_products(sums, [w.run(w.at(y, j, beside)) for y in left], runs)
            target = w.at(w.at(out, band, width, tall), first)
            for i in range(tall):
                for j in range(wide):
                    w.add(w.sum(sums[i * wide + j]), w.at(w.at(target, width, i), j))


_WRITTEN: dict[str, tuple[Callable[..., None], int]] = {
    "correlate": (_write_correlate, 15),
    "products": (_write_products, 16),
}


def function(name: str, char: str, tile: tuple[int, int], width: int) -> Callable[..., bool]:
    """Return one of the two functions as machine code, for tiles of so many outputs and runs of so many bytes.

    It takes the ids of four arrays and some integers.
    """
    write, integers = _WRITTEN[name]

    def written(builder: Any, args: Any) -> Any:
        arrays = [builder.inttoptr(address, ir.PointerType()) for address in args[:4]]
        write(_Writer(builder, char, width), [*arrays, *args[4:]], *tile)
        return ir.IntType(1)(1)

    return machine_function(f"{name} {char} {tile} {width}", 4, integers, written, releases=True)
