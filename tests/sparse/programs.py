"""Random programs of NumPy, whose patterns are compared with derivatives that are computed in full.

``python -m tests.sparse.programs 10000`` tries so many, and says how many patterns are as small as can be.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd import PatternError, grad, hessian, jacobian, sparsity, vmap

Step = Callable[[Any, Any, np.random.Generator], Any]
STEPS: dict[str, Step] = {}
BRANCHING = {"if", "mask", "while", "unique mask"}  # steps whose pattern at other points is not asked for
LARGEST = 30  # elements of a value


def step(name: str) -> Callable[[Step], Step]:
    def note(function: Step) -> Step:
        STEPS[name] = function
        return function

    return note


def _of_one(function: Callable[[Any], Any], u: Any, v: Any, q: Any) -> Any:
    return function(u)


def _of_two(function: Callable[[Any, Any], Any], u: Any, v: Any, q: Any) -> Any:
    return function(u, fit(v, u.shape))


def of_one(**functions: Callable[[Any], Any]) -> None:
    for name, function in functions.items():
        STEPS[name] = partial(_of_one, function)


def of_two(**functions: Callable[[Any, Any], Any]) -> None:
    for name, function in functions.items():
        STEPS[name] = partial(_of_two, function)


def fit(v: Any, shape: tuple[int, ...]) -> Any:
    """Return numbers of a value in another shape, repeated if there are too few."""
    count = int(np.prod(shape))
    flat = v.reshape(-1)
    if not flat.size:
        return np.ones(shape)
    return flat[np.arange(count) % flat.size].reshape(shape)


def constant(q: np.random.Generator, *shape: int) -> Any:
    return np.where(q.random(shape) < 0.5, 0.0, q.normal(size=shape).round(2))


def vector(u: Any, count: int) -> Any:
    return u.reshape(-1)[:count]


of_one(
    sin=np.sin,
    tanh=np.tanh,
    exp=lambda u: np.exp(0.1 * u),
    square=lambda u: u**2,
    minus=np.negative,
    size=np.abs,
    root=lambda u: np.sqrt(1 + u * u),
    cube=lambda u: u**3,
    reciprocal=lambda u: 1 / (3 + u * u),
    copy=lambda u: u.copy(),
    flip=np.flip,
    sort=lambda u: np.sort(u, 0) if u.ndim else u,
    cumsum=lambda u: np.cumsum(u, 0) if u.ndim else u,
    cumprod=lambda u: np.cumprod(u.reshape(-1)),
    turn=lambda u: u.T,
    ravel=np.ravel,
    every=lambda u: u.reshape(-1)[::2],
    backwards=lambda u: u.reshape(-1)[::-1],
    repeat=lambda u: np.repeat(u, 2),
    tile=lambda u: np.tile(u, 2),
    clip=lambda u: np.clip(u, -0.6, 0.7),
    relu=lambda u: np.maximum(u, 0),
    floor=lambda u: u + np.floor(u),
    where=lambda u: np.where(u > 0.1, u, u**2),
    column=lambda u: u[..., None] * np.array([1.0, 0.0]),
    total=lambda u: u - np.sum(u),
    mean=lambda u: u * np.mean(u) if u.size else u,
    most=lambda u: u + np.max(u) if u.size else u,
    spread=lambda u: u.reshape(-1) * np.std(u) if u.size > 1 else u,
    transform=lambda u: np.abs(np.fft.rfft(u.reshape(-1)) + 3) if u.size else u,
    differences=lambda u: np.diff(u.reshape(-1)),
    stack=lambda u: np.stack([u, np.ones(u.shape), 2 * u]),
    triangle=lambda u: np.triu(np.outer(vector(u, 4), 1 + vector(u, 4))),
    product=lambda u: np.append(np.prod(vector(u, 3)), u),
    norm=lambda u: u / (1 + np.linalg.norm(vector(u, 2))),
    select=lambda u: np.select([u > 1, u > 0], [u, u**2], 0.5),
    interp=lambda u: np.interp(u.reshape(-1), np.linspace(-2, 2, 9), np.linspace(-2, 2, 9) ** 2),
    real=lambda u: np.real((1 + 2j) * u) * np.imag(u * 1j),
    polar=lambda u: np.abs(u + 1j * np.flip(u)),
    half=lambda u: u.astype(np.float32),
    integer=lambda u: u + u.astype(int),
    expand=lambda u: np.broadcast_to(u, (2, *u.shape)) + 0,
    mesh=lambda u: np.add.outer(vector(u, 3), vector(u, 2)),
    trapezoid=lambda u: np.append(np.trapezoid(u.reshape(-1)), u),
    gradient=lambda u: np.gradient(u.reshape(-1)) if u.size > 2 else u,
    corner=lambda u: u.reshape(-1)[:1],
    nothing=lambda u: u.reshape(-1)[:0],
    number=lambda u: u.reshape(-1)[0] if u.size else u,
    loops=lambda u: sum([u.reshape(-1)[i] * (i + 1) for i in range(min(u.size, 3))], np.zeros(2)),
    median=lambda u: u + np.median(u) if u.size else u,
)
of_two(
    add=lambda u, v: u + v,
    times=lambda u, v: u * v,
    over=lambda u, v: u / (2 + v * v),
    maximum=np.maximum,
    minimum=np.minimum,
    angle=lambda u, v: np.arctan2(u, 3 + v * v),
    choose=lambda u, v: np.where(v > 0.2, u, v),
    remainder=lambda u, v: np.remainder(u, 2 + v * v),
    signed=np.copysign,
    power=lambda u, v: (1.5 + np.sin(u)) ** v,
    join=lambda u, v: np.concatenate([u.reshape(-1), np.ones(1), v.reshape(-1)]),
    inner=lambda u, v: u * np.dot(u.reshape(-1), v.reshape(-1)),
    far=np.hypot,
    logs=np.logaddexp,
)


@step("by matrix")
def _by_matrix(u: Any, v: Any, q: Any) -> Any:
    return constant(q, 4, u.size) @ u.reshape(-1)


@step("by sparse")
def _by_sparse(u: Any, v: Any, q: Any) -> Any:
    from scipy.sparse import csr_array

    return csr_array(constant(q, 3, u.size)) @ u.reshape(-1)


@step("matrices")
def _matrices(u: Any, v: Any, q: Any) -> Any:
    return fit(u, (2, 3)) @ fit(v, (3, 2))


@step("einsum")
def _einsum(u: Any, v: Any, q: Any) -> Any:
    return np.einsum("ij,jk,k->ki", fit(u, (2, 2)), constant(q, 2, 3), fit(v, (3,)))


@step("solve")
def _solve(u: Any, v: Any, q: Any) -> Any:
    return np.linalg.solve(np.eye(2) * 4 + np.sin(fit(u, (2, 2))), fit(v, (2, 2)))


@step("convolve")
def _convolve(u: Any, v: Any, q: Any) -> Any:
    return np.convolve(u.reshape(-1), [1.0, 0.0, -0.5], q.choice(["full", "same", "valid"]).item()) if u.size else u


@step("roll")
def _roll(u: Any, v: Any, q: Any) -> Any:
    return np.roll(u, int(q.integers(-2, 3)))


@step("pick")
def _pick(u: Any, v: Any, q: Any) -> Any:
    return u.reshape(-1)[q.integers(0, u.size, 4)] if u.size else u


@step("take")
def _take(u: Any, v: Any, q: Any) -> Any:
    return np.take(u, q.integers(0, u.size, (2, 2))) if u.size else u


@step("pad")
def _pad(u: Any, v: Any, q: Any) -> Any:
    mode: Any = q.choice(["constant", "edge", "wrap", "reflect"]).item() if u.size > 1 else "constant"
    return np.pad(u.reshape(-1), 1, mode=mode)


@step("mask")
def _mask(u: Any, v: Any, q: Any) -> Any:
    flat = u.reshape(-1)
    return flat[flat > -0.3]


@step("masked")
def _masked(u: Any, v: Any, q: Any) -> Any:
    flat = u.reshape(-1).copy()
    flat[q.random(flat.size) < 0.4] = 0.5
    return flat


@step("if")
def _if(u: Any, v: Any, q: Any) -> Any:
    flat = u.reshape(-1)
    return flat * 2 if flat.size and flat[0] > 0 else np.flip(flat) ** 2


@step("while")
def _while(u: Any, v: Any, q: Any) -> Any:
    count = 0
    while u.size and np.sum(u * u) > 2 and count < 3:
        u, count = 0.7 * u + 0.1 * np.flip(u), count + 1
    return u


@step("loop")
def _loop(u: Any, v: Any, q: Any) -> Any:
    w = u.reshape(-1).copy()
    for i in range(1, len(w)):
        w[i] = w[i] + 0.3 * w[i - 1] * (w[i] if i % 2 else 1.0)
    return w


@step("fill")
def _fill(u: Any, v: Any, q: Any) -> Any:
    w = u.reshape(-1)
    y = np.zeros_like(w)
    for i in range(len(w)):
        y[i] = w[i] * w[(i + 1) % len(w)] if i % 3 else w[i]
    return y


@step("overwrite")
def _overwrite(u: Any, v: Any, q: Any) -> Any:
    """Write to an array after others have used it."""
    y = u.reshape(-1) + 0
    z, w, c = np.tanh(y), y[::-1] * 2, y.copy()
    y[:2] = 0.0
    y[-1:] = fit(v, y[-1:].shape)
    return y + z + w * c


@step("in place")
def _in_place(u: Any, v: Any, q: Any) -> Any:
    y = u.reshape(-1) + 0
    y[1:] += y[:-1] * 2.0
    y[:-1] *= fit(v, y[:-1].shape)
    return y


@step("through a view")
def _through_a_view(u: Any, v: Any, q: Any) -> Any:
    y = np.repeat(u.reshape(-1)[:6], 2)
    before = np.sin(y)
    z = y.reshape(2, -1)[::-1].T if y.size else y
    z += fit(v, z.shape)
    z[-1:] = 1.5
    return y * before


@step("add at")
def _add_at(u: Any, v: Any, q: Any) -> Any:
    y = u.reshape(-1) + 0
    if y.size:
        np.add.at(y, q.integers(0, y.size, 3), fit(v, (3,)))
    return y


@step("put along")
def _put_along(u: Any, v: Any, q: Any) -> Any:
    y = np.zeros_like(u.reshape(-1))
    if y.size:
        y[q.integers(0, y.size, 2)] = fit(v, (2,))
    return y + u.reshape(-1) ** 2


@step("reduceat")
def _reduceat(u: Any, v: Any, q: Any) -> Any:
    return np.add.reduceat(u.reshape(-1), [0, u.size // 2]) if u.size else u


@step("softmax")
def _softmax(u: Any, v: Any, q: Any) -> Any:
    e = np.exp(u - np.max(u, initial=-9.0))
    return e / (np.sum(e) + 1)


@step("rows")
def _rows(u: Any, v: Any, q: Any) -> Any:
    return np.sum(fit(u, (3, 4)) * np.array([1.0, 0.0, 2.0, 0.5]), axis=int(q.integers(-1, 2)))


@step("a gradient")
def _a_gradient(u: Any, v: Any, q: Any) -> Any:
    return grad(lambda w: np.sum(np.sin(w[1:]) * w[:-1] ** 2))(u.reshape(-1))


@step("a batch")
def _a_batch(u: Any, v: Any, q: Any) -> Any:
    return vmap(lambda row: np.cumsum(row) * row[0])(fit(u, (3, 2)))


class Program:
    """A random program: an array in, a vector out."""

    def __init__(self, seed: int) -> None:
        q = np.random.default_rng(seed)
        names = list(STEPS)
        self.seed, self.steps = seed, [str(q.choice(names)) for _ in range(int(q.integers(2, 7)))]
        self._turns = q.integers(0, 1 << 30, (len(self.steps), 2))
        self._size = int(q.choice([1, 2, 3, 5, 7]))

    def __call__(self, x: Any) -> Any:
        pool = [x]
        for name, (first, second) in zip(self.steps, self._turns.tolist(), strict=True):
            q = np.random.default_rng(first)
            u = pool[first % len(pool)] if q.random() < 0.3 else pool[-1]
            y = STEPS[name](u, pool[second % len(pool)], q)
            pool.append(y if y.size <= LARGEST else y.reshape(-1)[:LARGEST])
        return pool[-1].reshape(-1)

    def number(self, x: Any) -> Any:
        y = self(x)
        return np.sum(y * np.cos(np.arange(y.size) + 0.5))

    def point(self, turn: int = 0) -> Any:
        return np.random.default_rng([self.seed, turn]).normal(size=self._size) + 0.1

    def __repr__(self) -> str:
        return f"program {self.seed}: {', '.join(self.steps)}"


def full(f: Any, x: Any) -> Any:
    """Return a derivative that is computed in full, or None where it says nothing: infinite or very large numbers."""
    found = f(x).reshape(-1, x.size)
    return found if np.isfinite(found).all() and np.abs(found).max(initial=0) < 1e6 else None


def _nearby(f: Any, x: Any, here: Any) -> Any:
    """Return where a derivative differs from 0, here or at two points nearby."""
    found = here != 0
    for turn in range(2):
        near = full(f, x * (1 + 1e-4 * np.random.default_rng(turn).normal(size=x.shape)))
        if near is not None and near.shape == here.shape:
            found |= near != 0
    return found


def check(program: Program, tally: Counter[str]) -> None:
    """Raise if an entry is missing in a pattern of a program."""
    x = program.point()
    here = full(jacobian(program), x)
    if here is None:
        tally["not finite"] += 1
        return
    pattern = sparsity(program)(x).toarray()
    assert pattern.shape == here.shape, program
    assert not ((here != 0) & ~pattern).any(), f"{program}: an entry of the Jacobian is missing"
    tally["Jacobians"] += 1
    smallest = _nearby(jacobian(program), x, here)
    tally["smallest"] += not (pattern & ~smallest).any()
    tally["entries"] += int(pattern.sum())
    tally["entries not 0"] += int(smallest.sum())

    curved = full(hessian(program.number), x)
    if curved is not None:
        pattern = sparsity(program.number, order=2)(x).toarray()
        assert not ((np.abs(curved) > 1e-9 * np.abs(curved).max(initial=1)) & ~pattern).any(), f"{program}: Hessian"
        tally["Hessians"] += 1
        tally["smallest Hessians"] += not (pattern & ~_nearby(hessian(program.number), x, curved)).any()
    try:
        pattern = sparsity(program, everywhere=True)(x).toarray()
    except PatternError:
        assert not BRANCHING.isdisjoint(program.steps), program
        tally["everywhere refused"] += 1
        return
    assert not ((here != 0) & ~pattern).any(), f"{program}: everywhere, here"
    tally["everywhere"] += 1
    if not BRANCHING.isdisjoint(program.steps):
        return
    for turn in range(1, 4):
        there = full(jacobian(program), program.point(turn))
        assert there is None or not ((there != 0) & ~pattern).any(), f"{program}: everywhere, at another point"


def main(count: int, first: int = 0) -> None:
    tally: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = Program(seed)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                check(program, tally)
        except Exception as error:  # noqa: BLE001 - it is printed
            tally["FAILED"] += 1
            print(f"{program}: {type(error).__name__}: {str(error)[:300]}")
    for name, number in tally.items():
        print(f"{name:24}{number:8,}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
