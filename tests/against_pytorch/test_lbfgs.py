"""L-BFGS takes PyTorch's steps, with a line search and without."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

from .states import as_numpy

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


def rosenbrock(x: Any, y: Any) -> Any:
    return ((1 - x) ** 2).sum() + 10 * ((y - x**2) ** 2).sum()


def quartic(x: Any, y: Any) -> Any:
    return ((x - 1) ** 4).sum() + ((x * y - 0.5) ** 2).sum() + (y**2).sum()


def bowl(x: Any, y: Any) -> Any:
    return ((x - 1) ** 2).sum() + 3 * ((y - x) ** 2).sum() + 0.1 * (y**4).sum()


class Course:
    """Steps of an optimizer along a function, and how often it was computed."""

    def __init__(self, where: Any, params: list[Any], function: Any, options: dict[str, Any]) -> None:
        self.params, self.function, self.calls = params, function, 0
        self.losses: list[float] = []
        self.optimizer = where.LBFGS(params, **options)

    def closure(self) -> Any:
        self.calls += 1
        self.optimizer.zero_grad()
        loss = self.function(*self.params)
        loss.backward()
        return loss

    def step(self) -> None:
        self.losses.append(float(self.optimizer.step(self.closure)))


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # which PyTorch's own step does
@given(
    function=st.sampled_from([rosenbrock, quartic, bowl]),
    options=st.fixed_dictionaries(
        {"line_search_fn": st.sampled_from([None, "strong_wolfe", "strong_wolfe"])},
        optional={
            "max_iter": st.integers(1, 8),
            "max_eval": st.integers(1, 12),
            "history_size": st.integers(1, 4),
            "tolerance_grad": st.sampled_from([1e-7, 1e-1]),
            "tolerance_change": st.sampled_from([1e-9, 1e-2]),
        },
    ),
    rate=st.sampled_from([0.01, 0.05]),
    bold=st.sampled_from([0.1, 1.0, 5.0]),
    shape=st.sampled_from([(), (1,), (2, 3)]),
    seed=st.integers(0, 1000),
    reloaded=st.booleans(),
)
def test_steps(
    function: Any,
    options: dict[str, Any],
    rate: float,
    bold: float,
    shape: tuple[int, ...],
    seed: int,
    reloaded: bool,
) -> None:
    options["lr"] = bold if options["line_search_fn"] else rate
    steps = 4
    if not options["line_search_fn"]:
        # then each iteration makes a difference from rounding larger: PyTorch's own courses from starts that differ by
        # 1e-15 are 1e-6 apart after four steps
        function, steps = bowl, 2
    draw = np.random.default_rng(seed)
    starts = [draw.standard_normal(shape) for _ in range(2)]
    ours = Course(nn.optim, [nn.Parameter(start, dtype=float) for start in starts], function, options)
    theirs = Course(torch.optim, [torch.nn.Parameter(torch.tensor(start)) for start in starts], function, options)
    for step in range(steps):
        if step == steps // 2 and reloaded:
            ours.optimizer.load_state_dict(as_numpy(theirs.optimizer.state_dict()))
        ours.step()
        theirs.step()
        for one, two in zip(ours.params, theirs.params, strict=True):
            np.testing.assert_allclose(one.data, two.detach().numpy(), 1e-5, 1e-6)
    np.testing.assert_allclose(ours.losses, theirs.losses, 1e-5, 1e-8)
    state = theirs.optimizer.state_dict()["state"][0]
    kept = ours.optimizer.state_dict()["state"][0]
    # at the minimum rounding decides which of the tolerances ends a step
    if max(float(param.grad.abs().max()) for param in theirs.params) > 1e-4:
        assert ours.calls == theirs.calls
        assert kept["func_evals"] == state["func_evals"]
        assert kept.get("n_iter", 0) == state["n_iter"]
    assert set(state) - {"al"} <= {"n_iter", *kept}
