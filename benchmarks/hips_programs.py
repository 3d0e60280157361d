"""Programs with projects that build on HIPS autograd and whose packages have no tests: run by `benchmarks.hips`.

Each prints numbers, values and derivatives, which the two packages are compared by.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy

import autograd.numpy as np
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


def pymoo() -> Iterator[Any]:
    """Yield values and Jacobians of optimization problems, by traces that pymoo makes by hand."""
    from pymoo.gradient import activate
    from pymoo.gradient.automatic import AutomaticDifferentiation
    from pymoo.problems import get_problem

    activate("autograd")
    names = (
        "ackley griewank himmelblau rastrigin rosenbrock schwefel sphere zakharov zdt1 zdt2 zdt3 zdt4 zdt6 bnh osy tnk "
        "kursawe carside truss2d welded_beam pressure_vessel dtlz1 dtlz2 dtlz3 dtlz5 dtlz7 ctp1 ctp3"
    )
    for name in names.split():
        problem = get_problem(name)
        low, high = problem.bounds()
        x = low + (high - low) * rng.uniform(0.2, 0.8, (20, problem.n_var))
        wanted = ["F", "dF", *(["G", "dG"] if problem.n_ieq_constr else [])]
        yield from AutomaticDifferentiation(problem).evaluate(x, return_values_of=wanted)


def lab() -> Iterator[Any]:
    """Yield gradients of functions that lab finds by the types of their arguments."""
    import lab as B  # noqa: N812  # what its users call it
    import lab.autograd

    x, a = rng.uniform(0.1, 0.9, (12, 12)), rng.normal(size=(12, 12))
    s = a @ a.T + 4 * numpy.eye(12)

    def positive(t: Any) -> Any:
        return B.matmul(t, t, tr_b=True) + 4 * B.eye(12)

    functions: list[Callable[[Any], Any]] = [
        B.exp, B.log, B.tanh, B.sigmoid, B.softplus, B.relu, B.erf, B.sqrt, B.loggamma, B.logsumexp, B.mean, B.std,
        B.max, B.diag, B.tril_to_vec, B.expm,
        lambda t: B.kron(t, t), lambda t: B.cholesky(positive(t)), lambda t: B.logdet(positive(t)),
        lambda t: B.cholesky_solve(B.cholesky(s), t), lambda t: B.triangular_solve(B.cholesky(s), t),
        lambda t: B.solve(s, t), lambda t: B.pw_dists(t, x + 2), lambda t: B.pw_dists2(t, x + 1),
        lambda t: B.concat(t, t**2, axis=1), lambda t: B.take(t, [0, 2, 2]), lambda t: B.where(t > 0.5, t, 2 * t),
        lambda t: B.svd(t)[1], lambda t: B.quantile(t, 0.3),
    ]  # fmt: skip
    for function in functions:
        yield grad(lambda t, f=function: B.sum(B.sin(f(t))))(x)


def geomstats() -> Iterator[Any]:
    """Yield derivatives of distances and curves on manifolds."""
    os.environ["GEOMSTATS_BACKEND"] = "autograd"
    for module, old, new in ((np, "trapz", "trapezoid"), (numpy, "trapz", "trapezoid")):
        setattr(module, old, getattr(module, new))  # it is written for NumPy 1
    import geomstats.backend as gs
    from geomstats.geometry.hypersphere import Hypersphere
    from geomstats.information_geometry.beta import BetaDistributions

    sphere, beta = Hypersphere(2), BetaDistributions()
    p, q = sphere.projection(rng.normal(size=(2, 3)))
    a, point = rng.normal(size=(3, 3)), gs.array([1.2, 2.0])

    def logarithm(x: Any) -> Any:
        return gs.sum(gs.linalg.logm(x @ gs.transpose(x) + gs.eye(3)) ** 2)

    yield from gs.autodiff.value_and_grad(lambda x: sphere.metric.squared_dist(sphere.projection(x), q))(p)
    yield gs.autodiff.jacobian(lambda x: sphere.metric.exp(x, base_point=p))(sphere.to_tangent(q, p))
    yield from gs.autodiff.value_and_grad(logarithm)(a)
    yield from gs.autodiff.value_jacobian_and_hessian(lambda x: gs.stack([gs.sum(x**3), gs.prod(x)]))(p)
    yield beta.metric.christoffels(point)
    yield beta.metric.riemann_tensor(point)
    yield beta.metric.exp(gs.array([0.1, 0.2]), point)


def pennylane() -> Iterator[Any]:
    """Yield derivatives of quantum circuits by each method, of both orders, and steps of optimizers."""
    import pennylane as qml
    from pennylane import numpy as pnp

    numpy.random.seed(0)
    x, w = pnp.random.normal(size=3, requires_grad=True), pnp.random.normal(size=(2, 2), requires_grad=True)
    device = qml.device("default.qubit", wires=3)
    results = [
        lambda: qml.expval(qml.PauliZ(0) @ qml.PauliZ(1)),
        lambda: qml.probs(wires=[0, 1]),
        lambda: qml.var(qml.PauliX(0)),
    ]
    for method in ("backprop", "parameter-shift", "adjoint", "finite-diff"):
        options = {"max_diff": 2} if method == "parameter-shift" else {}
        for result in results[: 1 if method == "adjoint" else 3]:

            @qml.qnode(device, diff_method=method, interface="autograd", **options)  # type: ignore[untyped-decorator]
            def circuit(x: Any, w: Any, result: Any = result) -> Any:
                for i in range(3):
                    qml.RX(x[i], i)
                qml.Rot(w[0, 0], w[0, 1], 0.3, 0)
                qml.CNOT([0, 1])
                qml.RY(w[1, 0], 1)
                qml.RZ(w[1, 1] ** 2, 1)
                qml.RX(x[0] * x[1], 0)
                return result()

            digits = 5 if method == "finite-diff" else 12
            yield circuit(x, w)
            yield from (each.round(digits) for each in qml.jacobian(circuit)(x, w))
            if method in ("backprop", "parameter-shift"):
                yield qml.jacobian(qml.jacobian(circuit, argnums=0), argnums=0)(x, w).round(9)
    for kind in (qml.GradientDescentOptimizer, qml.AdamOptimizer, qml.NesterovMomentumOptimizer):
        optimizer, at = kind(0.1), (x, w)
        for _ in range(5):
            at = optimizer.step(lambda x, w: qml.math.sum(pnp.sin(x)) * pnp.linalg.norm(w), *at)
        yield from at
    for function in (lambda x: pnp.sum(x), lambda x: 3.0, lambda x: pnp.ones(2)):
        yield float(qml.math.is_independent(function, "autograd", (x,)))


PROGRAMS = {
    "ceviche": ceviche, "autograd_gamma": autograd_gamma, "pymoo": pymoo, "lab": lab, "geomstats": geomstats,
    "pennylane": pennylane,
}  # fmt: skip

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for result in PROGRAMS[sys.argv[1]]():
        print(*numpy.ravel(result).tolist())
