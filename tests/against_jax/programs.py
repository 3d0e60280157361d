"""Random programs: a few lines of NumPy over one to three arrays, and the same lines for JAX.

A program is grown line by line. Each line is run on arrays at once, and kept if NumPy takes it and its condition
holds: what is left is a program that NumPy runs, away from ties and steps.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from .statements import CHAPTERS

Array = np.ndarray[Any, Any]
TEMPLATES = [(chapter, line) for chapter, lines in CHAPTERS.items() for line in lines]
SHAPES: list[tuple[int, ...]] = [
    (), (1,), (3,), (4,), (2, 3), (3, 3), (3, 1), (1, 4), (4, 3), (2, 2, 3), (2, 1, 3), (3,), (2, 3), (3, 3), (0, 3),
]  # fmt: skip
LARGEST = 50  # elements, and absolute values


@dataclass
class Program:
    """Inputs, lines of NumPy and of JAX, and the names of the results."""

    inputs: dict[str, Array]
    lines: list[tuple[str, str]] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    def source(self, which: int = 0) -> str:
        body = "\n".join(line[which] for line in self.lines).replace("\n", "\n    ")
        return f"def f({', '.join(self.inputs)}):\n    {body}\n    return {', '.join(self.results)},"

    def function(self, numpy: Any = np, which: int = 0) -> Callable[..., Any]:
        names: dict[str, Any] = {"np": numpy, "N": np}
        exec(self.source(which), names)
        function: Callable[..., Any] = names["f"]
        return function

    def __str__(self) -> str:
        arrays = [f"{name} = N.array({x.tolist()}, N.{x.dtype}).reshape({x.shape})" for name, x in self.inputs.items()]
        return "\n".join(["import numpy as np", "import numpy as N", *arrays, self.source()])


def grow(random: Random) -> Program:
    """Return a program of 3 to 12 lines."""
    inputs = {}
    for name in ("x", "y", "z")[: random.choice([1, 1, 2, 2, 3])]:
        dtype = np.float32 if random.random() < 0.06 else np.float64
        shape = random.choice(SHAPES)
        rng = np.random.default_rng(random.randrange(2**32))
        inputs[name] = rng.uniform(-2, 2, shape).round(3).astype(dtype)
    program = Program(inputs)
    names: dict[str, Any] = {**inputs}
    length = random.randint(3, 12)
    for _ in range(12 * length):
        if len(program.lines) == length:
            break
        template = random.choice(TEMPLATES)[1]
        new = f"v{len(program.lines)}"
        filled = fill(random, template, new, names)
        if filled and (after := run(filled, new, names)):
            names = after
            program.lines.append(filled[:2])
            program.templates.append(template)
    made = [name for name in names if name.startswith("v")]
    program.results = sorted({*made[-1:], *random.sample(made, min(2, len(made)))}, key=made.index)
    return program


def run(filled: tuple[str, str, str], new: str, names: dict[str, Any]) -> dict[str, Any] | None:
    """Run a line on arrays; return what there is after it, or None where it is not to be part of a program."""
    line, _, condition = filled
    scope = {"np": np, "N": np, **CONDITIONS, **{name: np.array(x) for name, x in names.items()}}
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        try:
            if condition and not eval(condition, scope):
                return None
            exec(line, scope)
            result = np.asarray(scope[new])
        except Exception:  # noqa: BLE001  # NumPy does not take it, and what is said of that is of no interest
            return None
    if result.dtype not in (np.float64, np.float32) or result.size > LARGEST or result.ndim > 4:
        return None
    if not np.isfinite(result).all() or (np.abs(result) > LARGEST).any():
        return None
    return {**names, new: result}


def fill(random: Random, template: str, new: str, names: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the line for NumPy, that for JAX, and the condition, with every place filled."""
    places = Places(random, names, new)
    found = re.findall(r"\{([a-z]+\d?)\}", template)
    for place in sorted(found, key=lambda place: kind(place) not in ARRAYS):
        if place not in places.filled:
            text = places.fill(place)
            if text is None:
                return None
            places.filled[place] = text
    whole = re.sub(r"\{([a-z]+\d?)\}", lambda match: places.filled[match[1]], template)
    lines, _, condition = whole.partition(" ?? ")
    ours, _, others = lines.partition(" || ")
    return statement(ours, new, template), statement(others or ours, new, template), condition


def statement(text: str, new: str, template: str) -> str:
    return text.replace("\\n", "\n") if "{new}" in template else f"{new} = {text}"


def kind(place: str) -> str:
    return place.rstrip("0123456789")


# Which arrays may stand in a place.
ARRAYS: dict[str, Callable[[Array], bool]] = {
    "x": lambda x: True,
    "n": lambda x: x.size > 0,
    "t": lambda x: x.ndim > 0,
    "v": lambda x: x.ndim == 1 and x.size > 0,
    "m": lambda x: x.ndim == 2 and x.size > 0,
    "h": lambda x: x.ndim > 1,
    "three": lambda x: x.ndim > 0 and x.shape[-1] == 3,
}


class Places:
    """Fills the places of one line: arrays first, and what depends on the first of them then."""

    def __init__(self, random: Random, names: dict[str, Any], new: str) -> None:
        self.random, self.names = random, names
        self.filled: dict[str, str] = {"new": new}
        self.first: Array = np.zeros(())

    def fill(self, place: str) -> str | None:
        if kind(place) not in ARRAYS:
            made: str | None = getattr(self, f"_{kind(place)}")()
            return made
        name = self.array(ARRAYS[kind(place)])
        if name is not None and not self.filled.keys() & {"array"}:
            self.first, self.filled["array"] = self.names[name], name
        return name

    def array(self, suits: Callable[[Array], bool]) -> str | None:
        """Return the name of an array, rather of one made lately."""
        found = [name for name, x in self.names.items() if suits(x)]
        if not found:
            return None
        return found[max(self.random.randrange(len(found)) for _ in range(2))]

    def _x(self) -> str:
        return self.array(ARRAYS["x"]) or ""

    def _y(self) -> str:
        """Return an operand that goes with the first array: an array, a number, or a constant."""
        shape = self.first.shape

        def goes(x: Array) -> bool:
            try:
                return bool(np.broadcast_shapes(shape, x.shape) is not None)
            except ValueError:
                return False

        which = self.random.random()
        if which < 0.55:
            return self.array(goes) or self._s()
        return self._s() if which < 0.75 else self._c()

    def _c(self) -> str:
        shape = tuple(1 if self.random.random() < 0.2 else n for n in self.first.shape)
        return f"N.array({self.numbers(shape)}).reshape({shape})"

    def _list(self) -> str:
        return f"{self.numbers(self.first.shape[-1:])}"

    def numbers(self, shape: tuple[int, ...]) -> Any:
        rng = np.random.default_rng(self.random.randrange(2**32))
        numbers = rng.uniform(-2, 2, shape).round(2)
        return np.where(np.abs(numbers) < 0.05, 1.1, numbers).tolist()

    def _s(self) -> str:
        return f"{self.random.choice([0.5, 1.5, -0.7, 2.0, 0.3, -1.2, 3])}"

    def _lo(self) -> str:
        return f"{self.random.choice([-1.3, -0.6, -0.25])}"

    def _hi(self) -> str:
        return f"{self.random.choice([0.35, 0.9, 1.4])}"

    def _q(self) -> str:
        return f"{self.random.choice([12.5, 37, 50, 81.3])}"

    def _k(self) -> str:
        return f"{self.random.choice([1, 2, 3, -1])}"

    def _pos(self) -> str:
        x = self.array(ARRAYS["x"])
        return self.random.choice([f"({x} * {x} + 0.6)", f"np.exp(0.4 * np.tanh({x}))", f"(1.5 + np.sin({x}))"])

    def _unit(self) -> str:
        x = self.array(ARRAYS["x"])
        return self.random.choice([f"(0.9 * np.tanh({x}))", f"(0.8 * np.sin({x}))"])

    def _z(self) -> str:
        x, y = self.array(ARRAYS["x"]), self.array(ARRAYS["x"])
        return self.random.choice([f"({x} + 1j * np.sin({x}))", f"(({x} + 0.5j) * {y})", f"({x} * (0.6 - 0.8j))"])

    def _sq(self) -> str | None:
        m = self.array(ARRAYS["m"])
        return m and f"(np.tanh({m}) @ N.array({self.numbers(self.names[m].shape[::-1])}) * 0.5)"

    def _good(self) -> str | None:
        m = self.array(ARRAYS["m"])
        if m is None:
            return None
        columns, rows = self.names[m].shape[::-1]
        self.filled["size"] = f"{rows}"
        square = f"np.tanh({m} @ N.array({self.numbers((columns, rows))}))"
        return f"(N.diag({[2.0, 2.9, 4.1, 5.2][:rows]}) + 0.5 * {square})" if rows < 5 else None

    def _spd(self) -> str | None:
        m = self.array(ARRAYS["m"])
        rows = len(self.names[m]) if m else 9
        return f"({m} @ {m}.T + N.diag({[1.0, 1.7, 2.9, 4.6][:rows]}))" if rows < 5 else None

    def _size(self) -> str | None:
        return self.filled.get("size")  # that of `good`, which stands before it

    def _last(self) -> str:
        return f"{self.first.shape[-1] if self.first.ndim else 1}"

    def _shape(self) -> str:
        return self.random.choice(["(3,)", "(2, 3)", "(3, 3)", "4"])

    def _axis(self) -> str | None:
        n = self.first.ndim
        return f"{self.random.randrange(-n, n)}" if n else None

    def axes(self) -> str:
        n = self.first.ndim
        choices: list[Any] = [None, *range(-n, n)]
        if n > 1:
            choices += [(0, -1), (1, 0), tuple(range(n))]
        return f"{self.random.choice(choices)}"

    def _redm(self) -> str:
        return f"axis={self.axes()}{', keepdims=True' if self.random.random() < 0.3 else ''}"

    def _red(self) -> str:
        if "red" in self.filled:
            return self.filled["red"]
        return "" if self.random.random() < 0.25 else f", {self._redm()}"

    _redo = _redz = _red

    def _redk(self) -> str:
        return f"{self.filled['red'].replace(', keepdims=True', '')}, keepdims=True"

    def _perm(self) -> str:
        axes = list(range(self.first.ndim))
        self.random.shuffle(axes)
        return ", ".join(f"{axis}" for axis in axes) + ("," if len(axes) == 1 else "")

    def _mask(self) -> str:
        rng = np.random.default_rng(self.random.randrange(2**32))
        shape = self.first.shape
        return f"N.array({np.less(rng.random(shape), 0.6).tolist()}, bool).reshape({shape})"

    def _bmask(self) -> str:
        """Return a mask that is broadcast."""
        rng = np.random.default_rng(self.random.randrange(2**32))
        shape = tuple(1 if self.random.random() < 0.5 else n for n in self.first.shape)
        return f"N.array({np.less(rng.random(shape), 0.6).tolist()}, bool).reshape({shape})"

    def _fmask(self) -> str:
        """Return a mask that leaves something of each row: all but the last of any."""
        mask = np.ones(self.first.shape, bool)
        if mask.size > 2:
            mask[(0,) * mask.ndim] = False
        return f"N.array({mask.tolist()})"

    def _choices(self) -> str:
        rng = np.random.default_rng(self.random.randrange(2**32))
        return f"N.array({rng.integers(0, 3, self.first.shape).tolist()}, int).reshape({self.first.shape})"

    def _along(self) -> str:
        shape = self.first.shape
        axis = int(self.filled.get("axis") or self.remember("axis", self._axis()))
        rng = np.random.default_rng(self.random.randrange(2**32))
        return f"N.array({rng.integers(0, max(shape[axis], 1), shape).tolist()}, int).reshape({shape})"

    def _one(self) -> str:
        """Return an index of one element along the axis, in each row."""
        axis = int(self.filled.get("axis") or self.remember("axis", self._axis()))
        shape = list(self.first.shape)
        shape[axis] = min(shape[axis], 1)
        return f"N.zeros({tuple(shape)}, int)"

    def remember(self, place: str, text: str | None) -> str:
        self.filled[place] = text or "0"
        return self.filled[place]

    def _positive(self) -> str:
        return f"({', '.join(f'N.array({index.tolist()}, int)' for index in np.nonzero(self.first > 0))},)"

    def _key(self) -> str:
        parts = [self.part(n) for n in self.first.shape[: self.random.randint(1, max(self.first.ndim, 1))]]
        if self.random.random() < 0.2:
            parts.insert(self.random.randint(0, len(parts)), "None")
        if self.random.random() < 0.2:
            parts.insert(self.random.randint(0, len(parts)), "...")
        return ", ".join(parts)

    def part(self, n: int) -> str:
        slices = [":", "1:", ":-1", "::-1", "::2", "-2:", "1::-1", ":2"]
        return self.random.choice([*slices, *(f"{i}" for i in range(-n, n))])

    def _akey(self) -> str:
        """Return an index that holds arrays, without repetitions."""
        parts = [self.part(n) for n in self.first.shape]
        n = self.first.shape[0]
        if not n:
            return "N.array([], int)"
        rows = self.random.sample(range(-n, 0), min(n, 2))
        parts[0] = self.random.choice([f"N.array({rows})", f"N.array({[[i] for i in rows]})", f"N.arange({n}) > 0"])
        if len(parts) > 1 and self.random.random() < 0.4:
            m = self.first.shape[1]
            parts[1] = f"N.array({[self.random.randrange(m)]})" if m and "arange" not in parts[0] else ":"
        return ", ".join(parts[: self.random.randint(1, len(parts))])


def away(x: Any) -> bool:
    """Tell whether nothing is near 0."""
    return bool((np.abs(x) > 1e-3).all())


def steps(x: Any) -> bool:
    """Tell whether nothing is near a whole number."""
    return away(x - np.round(x))


def distinct(x: Any) -> bool:
    """Tell whether no two elements are nearly the same."""
    return away(np.diff(np.sort(np.ravel(x))))


def several(x: Any, axis: Any = None, keepdims: bool = False) -> bool:
    """Tell whether an average over the axes is one of more than one number."""
    return bool(np.all(np.sum(np.ones_like(x), axis=axis) > 1))


CONDITIONS = {"away": away, "steps": steps, "distinct": distinct, "several": several}
