"""Solutions of ordinary differential equations, differentiated by adjoint and by forward sensitivities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from autograd import ConvergenceError, Function, Tensor, no_grad, vmap
from autograd.extend import as_array, whole
from autograd.inside import LIFT, ArrayOrTensor, TensorLike, unwrap

from .._watched import Packing, Slopes, Watched, flat, listed, split

Array = np.ndarray[Any, Any]
AT_ONCE = 4  # from how many on the rows of a Jacobian are computed as one batch


class Settings:
    """How SciPy solves: the method, its tolerances, and its other options."""

    def __init__(self, method: Any, rtol: Any, atol: Any, **options: Any) -> None:
        self.method, self.rtol, self.atol, self.options = method, rtol, atol, options

    def solve(
        self,
        function: Callable[[float, Array], Array],
        t0: float,
        t1: float,
        y0: Array,
        count: int = 1,
        scales: Array | None = None,
    ) -> Any:
        """Return a solution with dense output. Tolerances are those of each of `count` elements of a batch.

        `scales` are the sizes, at most 1, of what is not a state, in whose errors the absolute tolerance is less.
        """
        atol = np.tile(self.atol, count) if scales is None and np.ndim(self.atol) else self.atol
        atol = atol if scales is None else np.min(self.atol) * scales
        root = math.sqrt(max(count, 1))
        found = integrate.solve_ivp(
            function, (t0, t1), y0, self.method, dense_output=True, rtol=np.divide(self.rtol, root),
            atol=np.divide(atol, root), **self.options,
        )  # fmt: skip
        if not found.success:
            raise ConvergenceError(f"the equations of the derivatives could not be solved: {found.message}")
        return found

    def with_scales(self, scales: Array) -> Settings:
        """Return settings for states of which each has a size."""
        return Settings(self.method, self.rtol, np.min(self.atol) * scales, **self.options)


class Flow:
    """An equation ``dy/dt = function(t, y)`` that was solved, and the derivatives of its solution.

    Parameters
    ----------
    watched
        The function, of t and of a vector y.
    settings
        How it was solved.
    t0, y0
        Where from, without derivatives.
    """

    def __init__(self, watched: Watched, settings: Settings, t0: float, y0: Any, packing: Packing) -> None:
        self.watched, self.settings, self.t0, self.y0 = watched, settings, t0, y0
        self.n, self.packing = y0.shape[-1], packing
        self.known = watched.known
        self._dense: Any = None
        self._sensitivities: Any = None
        self.sizes = [math.prod(node.shape) for node in self.known]

    # First order: the adjoint, from the end to the beginning, along the solution as SciPy interpolates it

    def adjoint(self, ts: Array, g: ArrayOrTensor) -> tuple[Any, list[Any]]:
        """Return the gradients of y0 and of the known nodes, from those of the values at `ts`, (times, n)."""
        n, pack = self.n, Packing(self.packing, g)
        solution = self._solution(ts)
        scale = max(float(np.max(np.abs(pack.pack(g)), initial=0)), float(np.finfo(float).tiny))
        width = n + sum(self.sizes)
        if not np.isfinite(scale):
            return np.full(n, np.nan), split(np.full(width - n, np.nan), self.known)
        state, scales = np.zeros(pack.count * width), None

        def slope(t: float, z: Array) -> Any:
            found = self._slopes(t, self.packing.unpack(solution(t), n))
            by_y, by_nodes = found.pull(pack.unpack(z, width)[:n], None)
            return pack.pack(-np.concatenate(flat([by_y, *by_nodes], [n, *self.sizes])))

        for i, end in zip(range(len(ts) - 1, -1, -1), [*ts[:-1][::-1], self.t0], strict=True):
            state = state + pack.pack(np.concatenate([g[i] / scale, np.zeros(width - n)]))
            if end != ts[i] and np.any(state):
                scales = np.tile(self._scales(abs(ts[-1] - self.t0)), pack.count) if scales is None else scales
                state = self.settings.solve(slope, ts[i], end, state, pack.count, scales).y[:, -1]
        parts = pack.unpack(state, width) * scale
        return parts[:n], split(parts[n:], self.known)

    def _solution(self, ts: Any) -> Any:
        """Return the solution as a function of t; it is computed when first asked for, not kept by the forward pass."""
        if self._dense is None:
            self._dense = self._solved_densely(ts)
        return self._dense

    def _solved_densely(self, ts: Any) -> Any:
        end = max(ts, key=lambda t: abs(t - self.t0), default=self.t0)
        start = self.packing.pack(self.y0)
        if end == self.t0:
            return lambda t: start
        with no_grad():
            call = lambda t, y: self.packing.pack(  # noqa: E731
                as_array(unwrap(self.watched.again(t, self.packing.unpack(y, self.n))))
            )
            return self.settings.solve(call, self.t0, end, start, self.packing.count).sol

    def _slopes(self, t: Any, y: Any) -> Slopes:
        return self.watched.step(lambda y: listed(self.watched.function(t, y, *self.watched.args)), y, self.known, t)

    def _scales(self, span: float) -> Any:
        """Return 1 for each state, and for each element of a node how much a state changes with it, at most 1."""
        by_nodes = np.asarray(whole(self._jacobian(self._slopes(self.t0, self.y0), None)[1]))
        count = sum(self.sizes)
        sizes = span * np.max(np.abs(by_nodes.reshape(by_nodes.size // max(count, 1), count)), axis=0, initial=0)
        return np.concatenate([np.ones(self.n), np.where(sizes > 0, np.minimum(sizes, 1), 1)])

    # Higher orders: forward sensitivities, which are a flow too

    def sensitivities(self, t0: TensorLike, ts: ArrayOrTensor, y0: ArrayOrTensor) -> Any:
        """Return the derivatives of the values by y0 and the known nodes, as a tensor (times, n, n + elements)."""
        n, width = self.n, self.n + sum(self.sizes)
        start = np.concatenate([y0, np.eye(n, width).reshape(-1)])
        times = np.asarray(unwrap(ts), float)
        scales = np.concatenate([np.ones(n), np.tile(self._scales(abs(times[-1] - self.t0)), n)])
        if self._sensitivities is None:  # forward mode asks for one tangent after another
            self._sensitivities = self._solved(times, scales)
        watched = Watched(self._slope_of_sensitivities, known=self.known)
        settings = self.settings.with_scales(scales)
        found = attached(self._sensitivities, watched, settings, self.packing, t0, ts, start)
        return np.reshape(found[:, n:], (len(times), n, width))

    def _solved(self, times: Array, scales: Array) -> Any:
        """Return the values, and their sensitivities in a row with them, without derivatives."""
        n, pack = self.n, self.packing
        size = len(scales)
        start = pack.pack(np.concatenate([self.y0, np.eye(n, size // n - 1).reshape(-1)]))
        end = max(times, key=lambda t: abs(t - self.t0))
        if end == self.t0:
            return pack.unpack(np.repeat(start[None], len(times), axis=0), size)

        def slope(t: float, z: Array) -> Any:
            return pack.pack(self._slope_of_sensitivities(t, pack.unpack(z, size)))

        found = self.settings.solve(slope, self.t0, end, start, pack.count, np.tile(scales, pack.count))
        return pack.unpack(found.sol(times).T, size)

    def _slope_of_sensitivities(self, t: Any, z: Any) -> Any:
        """Return the slopes of y and of the sensitivities S: dS/dt = f_y S + f_p, where the first columns are of y0."""
        n = self.n
        lift = LIFT if isinstance(z, Tensor) else None
        found = self._slopes(t, z[:n])
        by_y, by_nodes = self._jacobian(found, lift)
        slopes = by_y @ np.reshape(z[n:], (n, -1)) + np.concatenate([np.zeros((n, n)), by_nodes], axis=1)
        value = found.value if lift else unwrap(found.value)
        return np.concatenate([value, np.reshape(slopes, (-1,))])

    def _jacobian(self, found: Slopes, lift: Any) -> tuple[Any, Any]:
        """Return the derivatives of the slopes of y by y, (n, n), and by the known nodes, (n, elements)."""

        def row(w: Any) -> Any:
            by_y, by_nodes = found.pull(w, lift)
            return np.concatenate(flat([by_y, *by_nodes], [self.n, *self.sizes]))

        units = np.eye(self.n)
        rows = vmap(row, loops="allow")(units) if self.n > AT_ONCE else np.stack([row(unit) for unit in units])
        return rows[:, : self.n], rows[:, self.n :]


def attached(
    ys: ArrayOrTensor,
    watched: Watched,
    settings: Settings,
    packing: Packing,
    t0: TensorLike,
    ts: TensorLike,
    y0: ArrayOrTensor,
) -> Any:
    """Return the values (times, n) of a solution at `ts` with its derivatives, if there are any."""
    flow = Flow(watched, settings, float(unwrap(t0)), unwrap(y0), packing)
    return _Flow.apply(ys, flow, y0, t0, ts, *watched.tensors(ys))


class _Flow(Function):
    """The values of a solution, and their derivatives by where it begins, by times and by what the equation knows."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        ys, ctx.flow, y0, t0, ts, *_ = given
        ctx.times = ctx.needs_input_grad[3:5]
        ctx.save_for_backward(ys, y0, t0, ts)
        return ys

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        (ys, y0, t0, ts), (g,), flow = ctx.saved_tensors, given, ctx.flow
        flow.watched.check()
        recorded = any(isinstance(x, Tensor) for x in (ys, y0, t0, ts, g))
        if recorded:
            found = flow.sensitivities(t0, ts, y0)
            total = np.sum(np.reshape(g, (*g.shape, 1)) * found, axis=(0, 1))
            by_y0, by_nodes = total[: flow.n], split(total[flow.n :], flow.known)
        else:
            by_y0, by_nodes = flow.adjoint(np.asarray(ts, float), g)
        by_t0 = by_ts = None
        again = flow.watched.again
        if ctx.times[0]:
            by_t0 = -np.sum(by_y0 * again(t0, y0))
        if ctx.times[1]:
            by_ts = np.sum(g * np.stack([again(t, y) for t, y in zip(ts, ys, strict=True)]), axis=-1)
        if not recorded:
            by_t0, by_ts = unwrap(by_t0), unwrap(by_ts)
        return None, None, by_y0, by_t0, by_ts, *by_nodes
