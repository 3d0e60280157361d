"""Programs with projects that build on HIPS autograd and whose packages have no tests: run by `benchmarks.hips`.

Each prints numbers, values and derivatives, which the two packages are compared by.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import autograd.numpy as np
import numpy

from autograd import grad, jacobian

rng = numpy.random.default_rng(0)


def ceviche() -> Iterator[Any]:
    """Yield derivatives of the light that passes a body, with respect to its permittivity, in both modes."""
    from ceviche import fdfd_ez, fdfd_hz, fdtd
    from ceviche import jacobian as in_mode

    shape = (40, 36)
    permittivity = 1 + 3 * rng.random(shape)
    source, probe = numpy.zeros(shape, complex), numpy.zeros(shape)
    source[10, 18], probe[30, 8:28] = 1.0, 1.0
    for kind in (fdfd_ez, fdfd_hz):

        def passed(of_points: Any, kind: Any = kind) -> Any:
            simulation = kind(2 * numpy.pi * 200e12, 5e-8, of_points.reshape(shape), [8, 8])
            first, _, last = simulation.solve(source)
            return np.sum(probe * (np.abs(first) ** 2 + np.abs(last) ** 2))

        def of_two(a: Any, passed: Callable[[Any], Any] = passed) -> Any:
            return passed((permittivity + a[0] * probe + a[1]).flatten())

        yield grad(passed)(permittivity.flatten())
        for mode in ("reverse", "forward"):
            yield in_mode(of_two, mode=mode)(numpy.array([0.1, 0.2]))

    def passed_in_time(scale: Any) -> Any:
        simulation = fdtd(permittivity[:, :, None] * scale[0], 5e-8, [4, 4, 0])
        total = 0.0
        for time in range(40):
            fields = simulation.forward(Jx=numpy.exp(-((time - 10) ** 2) / 20) * source.real[:, :, None])
            total = total + np.sum(np.abs(fields["Ex"] * probe[:, :, None]) ** 2)
        return total

    for mode in ("reverse", "forward"):
        yield in_mode(passed_in_time, mode=mode)(numpy.array([1.3]))


def autograd_gamma() -> Iterator[Any]:
    """Yield values, gradients and a Hessian of each function."""
    import autograd_gamma as functions

    a, x = rng.uniform(0.5, 8, 2000), rng.uniform(0.5, 8, 2000)
    for name in ("gammainc", "gammaincc", "gammaincln", "gammainccln"):
        function = getattr(functions, name)
        yield function(a, x)
        yield grad(lambda a, f=function: np.sum(f(a, x)))(a)
        yield grad(lambda x, f=function: np.sum(f(a, x)))(x)
        yield jacobian(grad(lambda x, f=function: np.sum(f(a[:20], x))))(x[:20])
    for name in ("betainc", "betaincln"):
        function = getattr(functions, name)
        b, y = rng.uniform(0.5, 8, 2000), rng.uniform(0.05, 0.95, 2000)
        yield function(a, b, y)
        for i in range(3):
            yield grad(lambda *args, f=function: np.sum(f(*args)), i)(a, b, y)
    for name in ("gammaincinv", "gammainccinv", "betaincinv"):
        if hasattr(functions, name):
            yield getattr(functions, name)(a, *([b] if "beta" in name else []), y)


PROGRAMS = {"ceviche": ceviche, "autograd_gamma": autograd_gamma}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for result in PROGRAMS[sys.argv[1]]():
        print(*numpy.ravel(result).tolist())
