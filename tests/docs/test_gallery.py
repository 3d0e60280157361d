"""The programs of the gallery run as they stand on the page, and what they compute is right."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.optimize import approx_fprime
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no annotations

import nn
from autograd import jacobian, ravel_pytree
from datasets import make_moons

plt = pytest.importorskip("matplotlib.pyplot", reason="the programs draw: pip install matplotlib")
pytestmark = pytest.mark.thorough  # most of them train something
GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
PROGRAMS = sorted(path.stem for path in GALLERY.glob("*.py"))


@cache
def run(name: str) -> dict[str, Any]:
    """Return what the names of a program stand for at its end, and what it printed and wrote."""
    names: dict[str, Any] = {"__name__": "__main__"}
    source, printed = (GALLERY / f"{name}.py").read_text(encoding="utf-8"), io.StringIO()
    with (
        TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(printed),
        plt.rc_context({"savefig.dpi": 30}), threadpool_limits(1),  # both are faster
    ):  # fmt: skip
        exec(compile(source, f"{name}.py", "exec"), names)
        plt.close("all")
        written = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return names | {"printed": printed.getvalue(), "written": written}


def slope(f: Any, x: Any) -> Any:
    """Return the gradient at a vector by central differences."""
    steps = 1e-5 * np.eye(len(x))
    return np.array([float(f(x + step) - f(x - step)) / 2e-5 for step in steps])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_short_is_on_the_page_and_draws_the_picture_there(name: str) -> None:
    lines = (GALLERY / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 90, "a longer line is cut off on the page"
    page = (GALLERY / "index.md").read_text(encoding="utf-8")
    assert f"```{{literalinclude}} {name}.py\n" in page
    assert re.search(rf"!\[.+\]\({name}\.png\)", page)
    assert list(run(name)["written"]) == [f"{name}.png"]
    assert (GALLERY / f"{name}.png").stat().st_size < 100_000


def test_gradients_per_sample_are_those_of_a_loop_and_find_the_wrong_labels() -> None:
    names = run("per_sample")
    model = names["model"]
    for row in (0, 17, 999):
        model.zero_grad()
        nn.CrossEntropyLoss()(model(names["images"][row : row + 1]), names["labels"][row : row + 1]).backward()
        alone = np.concatenate([parameter.grad.numpy().ravel() for parameter in model.parameters()])
        np.testing.assert_allclose(names["lengths"][row], np.linalg.norm(alone), rtol=1e-4)
    assert names["found"] > 20
    assert names["printed"].startswith(f"{names['found']} of the 40")


def test_the_peaks_are_where_the_likelihood_is_largest_and_their_errors_are_those_of_fisher() -> None:
    names = run("spectrum")
    best, error, truth, loss = names["best"], names["error"], names["truth"], names["loss"]
    solution = names["found"].x
    assert np.abs(slope(loss, solution) * ravel_pytree(error)[0]).max() < 1e-3
    for name in truth:
        assert (np.abs(best[name] - truth[name]) < 4 * error[name]).all(), name

    def means(vector: Any) -> Any:
        return names["expected"](names["unravel"](vector))

    J = approx_fprime(solution, means, 1e-6)
    information = J.T @ (J / means(solution)[:, np.newaxis])
    np.testing.assert_allclose(ravel_pytree(error)[0], np.sqrt(np.diag(np.linalg.inv(information))), rtol=0.3)


def test_a_network_of_the_ensemble_learns_what_it_would_learn_alone() -> None:
    names = run("ensemble")
    alone = names["models"][3]  # the ensemble has copies of its parameters, which began twice as large
    for parameter in alone.parameters():
        parameter.data *= 2
    optimizer = nn.optim.Adam(alone.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.mse_loss(alone(names["x"]), names["y"]).backward()
        optimizer.step()
    np.testing.assert_allclose(alone(names["points"]).numpy()[:, 0], names["curves"][3], atol=1e-5)
    at = names["points"][:, 0]
    among, gap = names["spread"][(at > -2.5) & (at < -1)], names["spread"][(at > 0) & (at < 0.8)]
    assert gap.min() > 4 * among.max()


def test_laplaces_normal_has_the_peak_the_curvature_and_nearly_the_mass_of_the_posterior() -> None:
    names = run("laplace")
    peak, covariance, log_posterior = names["peak"], names["covariance"], names["log_posterior"]
    assert np.abs(slope(log_posterior, peak)).max() < 1e-4
    x = (np.concatenate([names["damaged"], names["intact"]]) - 70) / 10
    X = np.stack([np.ones_like(x), x], axis=1)
    p = 1 / (1 + np.exp(-X @ peak))
    np.testing.assert_allclose(np.linalg.inv(covariance), (X.T * p * (1 - p)) @ X + np.eye(2) / 25, rtol=1e-6)
    first, second = np.linspace(-8, 4, 121), np.linspace(-12, 4, 161)
    density = np.exp([[float(log_posterior(np.array([a, b]))) for b in second[::4]] for a in first[::4]])
    mass = density.sum() * (first[4] - first[0]) * (second[4] - second[0]) / (2 * np.pi * 25)  # the prior's
    assert abs(names["log_evidence"] - np.log(mass)) < 0.2


def test_chains_have_the_mean_and_covariance_of_the_banana_and_go_back_the_way_they_came() -> None:
    names = run("hamiltonian")
    np.testing.assert_allclose(names["sample"].mean(axis=0), [0, 0.5], atol=0.03)
    np.testing.assert_allclose(np.cov(names["sample"].T), np.diag([1, 0.86]), atol=0.06)
    assert 0.9 < np.mean(names["accepted"]) < 1
    end, momentum = names["roll"](names["x"], names["kick"])
    back, kick = names["roll"](end, -momentum)
    np.testing.assert_allclose(back, names["x"], atol=1e-8)
    np.testing.assert_allclose(-kick, names["kick"], atol=1e-8)


def test_the_gaussian_process_has_the_closed_form_and_its_slope_is_the_derivative() -> None:
    names = run("gaussian_process")
    x, y, points, p = (names[name] for name in ("x", "y", "grid", "best"))
    height, width, noise = (np.exp(p[name]) for name in ("height", "width", "noise"))

    def k(a: Any, b: Any) -> Any:
        return height**2 * np.exp(-((a[:, np.newaxis] - b) ** 2) / (2 * width**2))

    C = k(x, x) + noise**2 * np.eye(len(x))
    mean, spread = names["value"]
    np.testing.assert_allclose(mean, k(points, x) @ np.linalg.inv(C) @ y, atol=1e-8)
    variance = height**2 - np.diag(k(points, x) @ np.linalg.inv(C) @ k(x, points))
    np.testing.assert_allclose(spread, np.sqrt(variance), atol=1e-8)
    np.testing.assert_allclose(names["surprise"](p), -stats.multivariate_normal(cov=C).logpdf(y))
    for name in p:
        higher, lower = (names["surprise"](p | {name: p[name] + step}) for step in (0.01, -0.01))
        assert min(higher, lower) >= names["surprise"](p), name
    slope_mean, slope_spread = names["slope"]
    np.testing.assert_allclose(slope_mean[1:-1], np.gradient(mean, points)[1:-1], atol=0.01)
    D = -(points[:, np.newaxis] - x) / width**2 * k(points, x)  # the kernel's derivative, by hand
    variance = height**2 / width**2 - np.diag(D @ np.linalg.inv(C) @ D.T)
    np.testing.assert_allclose(slope_spread, np.sqrt(variance), atol=1e-8)


def test_the_pendulum_swings_as_scipy_says_and_the_network_has_learned_its_law() -> None:
    names = run("neural_ode")
    solution = solve_ivp(
        lambda t, y: names["pendulum"](y[np.newaxis])[0], (0, 10), names["starts"][0], t_eval=[10], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(names["truth"][50, 0], solution.y[:, 0], atol=1e-3)
    assert np.abs(names["learned"] - names["truth"]).max() < 0.08
    states = names["seen"][:20:4].reshape(-1, 2)
    wrong = names["model"](states).numpy() - names["pendulum"](states)
    assert np.sqrt((wrong**2).mean()) < 0.08


def test_the_flow_is_a_density_whose_points_it_draws_and_beats_a_normal_distribution() -> None:
    names = run("flow")
    log_density, from_noise = names["log_density"], names["from_noise"]
    a, b = names["grid"][..., 0], names["grid"][..., 1]
    assert abs(names["density"].sum() * (a[0, 1] - a[0, 0]) * (b[1, 0] - b[0, 0]) - 1) < 0.02
    others = make_moons(1000, noise=0.08, seed=1)[0]
    normal = stats.multivariate_normal(names["moons"].mean(axis=0), np.cov(names["moons"].T))
    assert log_density(others).numpy().mean() > normal.logpdf(others).mean() + 0.6
    noise = np.random.default_rng(0).normal(size=(5, 2))
    for z, log in zip(noise, log_density(from_noise(noise).detach().numpy()).detach().numpy(), strict=True):
        J = jacobian(lambda z: from_noise(z[np.newaxis])[0])(z).detach().numpy()
        np.testing.assert_allclose(log, stats.norm.logpdf(z).sum() - np.linalg.slogdet(J)[1], rtol=1e-6)


def test_the_stripes_are_as_wide_as_the_fastest_growing_waves() -> None:
    names = run("brusselator")
    u = names["found"].y[:, -1].reshape(2, names["CELLS"], names["CELLS"])[0]
    angles = 2 * np.pi * np.fft.fftfreq(names["CELLS"])
    squares = (2 - 2 * np.cos(angles))[:, None] + (2 - 2 * np.cos(angles))  # of wave numbers, on the cells
    power = np.abs(np.fft.fft2(u - u.mean())) ** 2
    np.testing.assert_allclose(
        np.average(squares, weights=power), names["A"] / np.sqrt(np.prod(names["SPEEDS"])), rtol=0.3
    )
    assert 0 < u.min() < 0.7 * names["A"] < 1.3 * names["A"] < u.max()
    assert "27,648 entries" in names["printed"]
