"""The example that solves an equation: its derivatives, its exact solution, and the program as a person runs it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nn
from examples.physics import VISCOSITY, Flow, T, X, exact, mean_square, residual, scatter

from .programs import check_interrupted, check_usage, run

FILES = {"model.npz", "metrics.json", "solution.png"}
PROGRAM = "examples.physics"


def points(side: int) -> tuple[Any, Any]:
    return scatter(side, np.random.default_rng(0))


@pytest.mark.thorough
def test_a_quick_run_finds_the_solution_and_leaves_the_folder_that_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "new" / "physics"
    result = run(PROGRAM, "--quick", "--seed", 1, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["points"], metrics["interrupted"]) == (1, 256, False)
    assert [entry["method"] for entry in metrics["history"]] == ["Adam"] * 5 + ["L-BFGS"] * 12
    assert metrics["relative_error"] < 0.1
    assert metrics["history"][-1]["loss"] < metrics["history"][4]["loss"] / 5
    assert f"relative L2 error {metrics['relative_error']:.3%}" in result.stdout
    flow = Flow(16, 2)
    flow.load_state_dict(nn.load(out / "model.npz"))
    u = nn.predict(flow, (X.reshape(-1, 1), T.reshape(-1, 1))).reshape(X.shape)
    error = np.linalg.norm(u - exact(X, T)) / np.linalg.norm(exact(X, T))
    assert error == pytest.approx(metrics["relative_error"], rel=1e-9)
    with Image.open(out / "solution.png") as image:
        image.load()
        assert len(np.unique(np.asarray(image.convert("L")))) > 100


def test_the_residual_of_a_polynomial_is_the_one_by_hand() -> None:
    x, t = points(7)
    u, u_x, u_t, u_xx = x**3 * t**2, 3 * x**2 * t**2, 2 * x**3 * t, 6 * x * t**2
    found = residual(lambda x, t: x**3 * t**2, x, t)
    np.testing.assert_allclose(found.data, u_t + u * u_x - VISCOSITY * u_xx, rtol=1e-12)


def test_the_exact_solution_follows_the_equation() -> None:
    x, t = points(12)
    assert np.abs(residual(exact, x, t).data).max() < 1e-9
    assert np.abs(residual(lambda x, t: 1.001 * exact(x, t), x, t).data).max() > 1e-3


def test_the_exact_solution_begins_and_ends_as_it_must() -> None:
    x, t = np.linspace(-1, 1, 41), np.linspace(0.01, 1, 20)
    np.testing.assert_allclose(exact(x, np.full(41, 1e-9)), -np.sin(math.pi * x), atol=1e-6)
    np.testing.assert_allclose(exact(np.ones(20), t), 0, atol=1e-12)
    np.testing.assert_allclose(exact(-np.ones(20), t), 0, atol=1e-12)


def test_a_flow_begins_and_ends_as_it_must_whatever_its_network_says() -> None:
    nn.manual_seed(0)
    flow, (x, t) = Flow(8, 2), points(5)
    np.testing.assert_allclose(flow(x, np.zeros_like(t)).data, -np.sin(math.pi * x), atol=1e-15)
    for side in (-1.0, 1.0):
        np.testing.assert_allclose(flow(np.full_like(x, side), t).data, 0, atol=1e-15)
    assert np.abs(flow(x, t).data + np.sin(math.pi * x)).max() > 1e-3


def test_the_second_derivative_of_a_flow_is_that_of_differences() -> None:
    nn.manual_seed(0)
    flow, (x, t) = Flow(8, 2), points(5)
    h = 1e-4

    def u(dx: float = 0.0, dt: float = 0.0) -> Any:
        return flow(x + dx, t + dt).data

    by_differences = (
        (u(dt=h) - u(dt=-h)) / (2 * h) + u() * (u(h) - u(-h)) / (2 * h) - VISCOSITY * (u(h) - 2 * u() + u(-h)) / h**2
    )
    np.testing.assert_allclose(residual(flow, x, t).data, by_differences, atol=1e-5)


def test_the_gradient_in_the_parameters_goes_through_the_derivatives() -> None:
    nn.manual_seed(0)
    flow, (x, t), h = Flow(6, 2), points(4), 1e-6
    loss = mean_square(flow, x, t)
    loss.backward()
    for parameter in flow.parameters():
        gradient = np.asarray(parameter.grad.data).ravel()[0]
        values = parameter.data.copy()
        ends = []
        for step in (h, -h):
            moved = values.copy()
            moved.ravel()[0] += step
            parameter.data[...] = moved
            ends.append(mean_square(flow, x, t).item())
        parameter.data[...] = values
        assert gradient == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-7 * loss.item())


def test_there_is_a_point_in_each_cell() -> None:
    x, t = points(6)
    assert x.shape == t.shape == (36, 1)
    cells = {(math.floor(3 * (a + 1)), math.floor(6 * b)) for a, b in zip(x[:, 0], t[:, 0], strict=True)}
    assert cells == {(i, j) for i in range(6) for j in range(6)}


@pytest.mark.thorough
def test_ctrl_c_ends_the_training_after_the_round_and_a_seed_repeats_it(tmp_path: Path) -> None:
    metrics = check_interrupted(PROGRAM, "--quick", "--rounds", 100000, out=tmp_path, after="round 10/", files=FILES)
    assert len(metrics["history"]) < 1000
    assert run(PROGRAM, "--quick", "--rounds", 5, "--out", tmp_path).returncode == 0
    again = json.loads((tmp_path / "metrics.json").read_text())
    assert again["history"] == metrics["history"][:10]


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, "rounds", wrong=("--rounds", "0", "0 is too few"))
