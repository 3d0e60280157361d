"""Options of optimizers that are out of range, what schedulers note in groups, and Muon, which takes matrices only."""

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Tensor


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("NAdam", ("lr", "eps", "weight_decay", "momentum_decay")),
        ("RAdam", ("lr", "eps", "weight_decay")),
        ("Adamax", ("lr", "eps", "weight_decay")),
        ("Adagrad", ("lr", "eps", "weight_decay", "lr_decay", "initial_accumulator_value")),
        ("RMSprop", ("lr", "eps", "weight_decay", "momentum")),
        ("Adadelta", ("lr", "eps", "weight_decay")),
        ("Muon", ("lr", "eps", "weight_decay")),
        ("ASGD", ("lr", "lambd", "alpha", "t0", "weight_decay")),
        ("Adafactor", ("lr", "weight_decay")),
        ("Lion", ("lr", "weight_decay")),
        ("Rprop", ("lr",)),
        ("LBFGS", ("lr", "tolerance_grad", "tolerance_change")),
    ],
)
def test_negative_options(name: str, options: tuple[str, ...]) -> None:
    for option in options:
        for value in (-1.0, np.nan):
            with pytest.raises(ValueError, match=f"{option} should be 0 or more, not {value}"):
                getattr(nn.optim, name)([nn.Parameter([[1.0]])], **{option: value})


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("Rprop", {"etas": (1.1, 1.2)}, "etas should be a number between 0 and 1, and one above 1"),
        ("Rprop", {"step_sizes": (1.0, 0.5)}, "step_sizes should be two numbers from 0 on, the lesser first"),
        ("Adafactor", {"beta2_decay": 0.1}, "beta2_decay should be 0 or less, not 0.1"),
        ("Adafactor", {"eps": (None, None)}, "eps should be a number from 0 on, or None, and another number"),
        ("Adafactor", {"eps": (-1.0, 1e-3)}, "eps should be a number from 0 on"),
        ("Adafactor", {"d": 0.5}, "d should be 1 or more, not 0.5"),
        ("Lion", {"betas": (0.9, 1.0)}, "betas should be two numbers from 0 to below 1"),
    ],
)
def test_options_out_of_range(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        getattr(nn.optim, name)([nn.Parameter([[1.0]])], **options)


def test_how_pytorch_goes_through_parameters_is_no_matter_here() -> None:
    weights = [nn.Parameter([1.0])]
    assert nn.optim.RMSprop(weights, foreach=True).defaults == nn.optim.RMSprop(weights).defaults  # type: ignore[call-arg]


def test_adafactor_needs_no_least_gradient_nor_size() -> None:
    w = nn.Parameter([[3.0]])
    w.grad = np.ones((1, 1))
    nn.optim.Adafactor([w], lr=0.1, eps=(0.0, 0.0)).step()
    assert w.item() < 3


def test_asgd_averages_from_a_step_on() -> None:
    """After step t, the share of the parameters in the average is ``1 / (t - t0)``, and 1 at first."""
    w = nn.Parameter([8.0])
    optimizer, average = nn.optim.ASGD([w], lr=0.25, lambd=0, t0=2), 0.0
    for step in range(1, 8):
        w.grad = 2 * w.data
        optimizer.step()
        average += (w.item() - average) / max(1, step - 1 - 2)
        assert optimizer.state_dict()["state"][0]["ax"] == pytest.approx(average)


def test_an_array_of_one_row_that_has_no_stride_can_be_written_to() -> None:
    w = Tensor(np.ones(2)[None], requires_grad=True)
    assert w.data.strides[0] == 0
    w.grad = np.ones((1, 2))
    nn.optim.SGD([w], lr=0.5).step()
    assert w.tolist() == [[0.5, 0.5]]


def test_adafactor_keeps_a_row_and_a_column() -> None:
    w, b = nn.Parameter(np.ones((3, 50, 40))), nn.Parameter(np.ones(4))
    optimizer = nn.optim.Adafactor([w, b])
    w.grad, b.grad = np.ones(w.shape), np.ones(b.shape)
    optimizer.step()
    kept = optimizer.state_dict()["state"]
    assert {name: np.shape(value) for name, value in kept[0].items()} == {
        "step": (),
        "row_var": (3, 50, 1),
        "col_var": (3, 1, 40),
    }
    assert kept[1]["variance"].shape == (4,)
    kept[0]["row_var"] = kept[0]["row_var"][:, :-1]
    with pytest.raises(ValueError, match=r"row_var of a parameter has shape \(3, 49, 1\), but the parameter has"):
        optimizer.load_state_dict(optimizer.state_dict() | {"state": kept})
    del kept[0]["row_var"]
    with pytest.raises(ValueError, match="the state of parameter 0 has no row_var"):
        optimizer.load_state_dict(optimizer.state_dict() | {"state": kept})


NAMES = [name for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type) and name != "Optimizer"]


@pytest.mark.parametrize("name", NAMES)
def test_options_are_those_of_the_signature(name: str) -> None:
    optimizer = getattr(nn.optim, name)
    parameters = list(inspect.signature(optimizer).parameters.values())[1:]
    others: dict[str, dict[str, Any]] = {"AdamW": {"decoupled_weight_decay": True}, "LBFGS": {"max_eval": 25}}
    expected = {parameter.name: parameter.default for parameter in parameters} | others.get(name, {})
    made = optimizer([nn.Parameter([[1.0]])])
    assert made.defaults == expected
    assert {option: made.param_groups[0][option] for option in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_in_half_precision_a_gradient_of_zero_leaves_parameters_finite_or_eps_is_refused(name: str) -> None:
    optimizer: Any = getattr(nn.optim, name)
    w = nn.Parameter(np.ones((2, 2), np.float16))
    try:
        made = optimizer([w], lr=0.01)
    except ValueError as error:
        assert "is 0 in float16" in str(error)  # noqa: PT017 - only some refuse, and what the others do follows
        made = optimizer([w], lr=0.01, eps=1e-4)
    w.grad = np.zeros((2, 2), np.float16)
    made.step(lambda: (w * 0).sum())
    assert np.isfinite(w.data).all()


def test_decay_rates_out_of_range() -> None:
    w = nn.Parameter([[1.0]])
    for name, option in (("RMSprop", "alpha"), ("Adadelta", "rho"), ("Muon", "momentum")):
        for value in (1.0, -0.1):
            with pytest.raises(ValueError, match=f"{option} should be a number from 0 to below 1, not {value}"):
                getattr(nn.optim, name)([w], **{option: value})
    for optimizer in (nn.optim.NAdam, nn.optim.RAdam, nn.optim.Adamax):
        with pytest.raises(ValueError, match="betas should be two numbers from 0 to below 1"):
            optimizer([w], betas=(0.9, 1.0))


def test_a_variance_below_zero_counts_as_zero() -> None:
    w = nn.Parameter([1.0, 1.0])
    optimizer = nn.optim.RMSprop([w], alpha=0.5, centered=True)
    for _ in range(100):
        w.grad = np.array([0.1, 0.3], np.float32)
        optimizer.step()
    assert np.isfinite(w.data).all()


def test_momenta_of_parameters_with_another_past() -> None:
    """One that joined when the betas had changed has another product of momenta, though it took as many steps."""
    one, two = nn.Parameter([1.0], dtype=float), nn.Parameter([1.0], dtype=float)
    optimizer = nn.optim.NAdam([one, two], betas=(0.5, 0.9))
    one.grad = [1.0]
    optimizer.step()
    optimizer.zero_grad()
    optimizer.param_groups[0]["betas"] = (0.9, 0.9)
    two.grad = [1.0]
    optimizer.step()
    one.grad = two.grad = [1.0]
    optimizer.step()
    states = optimizer.state_dict()["state"]
    factors = [1 - 0.5 * 0.96 ** (t * 4e-3) for t in (1, 2)]
    np.testing.assert_allclose(states[0]["mu_product"], 0.5 * factors[0] * 0.9 * factors[1])
    np.testing.assert_allclose(states[1]["mu_product"], 0.9 * factors[0] * 0.9 * factors[1])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer))])
def test_the_initial_rate_goes_with_a_copy_and_a_state(duplicate: Any) -> None:
    optimizer = nn.optim.Adam([nn.Parameter([1.0])], lr=0.5)
    nn.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5)
    twin = duplicate(optimizer)
    assert (twin.param_groups[0]["lr"], twin.param_groups[0]["initial_lr"]) == (0.25, 0.5)
    fresh = nn.optim.Adam([nn.Parameter([1.0])])
    fresh.load_state_dict(optimizer.state_dict())
    assert (fresh.param_groups[0]["lr"], fresh.param_groups[0]["initial_lr"]) == (0.25, 0.5)


def muon(p: Any, gradients: list[Any], adjust: float, nesterov: bool, decay: float) -> Any:
    """Take the steps of Muon, as its documentation says, with rate 0.1 and momentum 0.9."""
    b = np.zeros_like(p)
    for g in gradients:
        b = 0.9 * b + 0.1 * g
        x = 0.9 * b + 0.1 * g if nesterov else b
        # its singular values go through the polynomial, its singular vectors stay
        left, values, right = np.linalg.svd(x / np.linalg.norm(x), full_matrices=False)
        for _ in range(5):
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        p = p * (1 - 0.1 * decay) - 0.1 * adjust * (left * values) @ right
    return p


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (6, 2), (1, 4)])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
def test_muon_is_a_polynomial_of_singular_values(shape: tuple[int, int], nesterov: bool, adjust: str | None) -> None:
    draw = np.random.default_rng(0)
    start, gradients = draw.standard_normal(shape), list(draw.standard_normal((4, *shape)))
    # in Fortran's order, as the weights of layers are
    w, other = nn.Parameter(np.asfortranarray(start), dtype=float), nn.Parameter(np.ones((2, 2)), dtype=float)
    optimizer = nn.optim.Muon([other, w], lr=0.1, momentum=0.9, nesterov=nesterov, adjust_lr_fn=adjust)
    for g in gradients:
        w.grad = g
        optimizer.step()
    factor = 0.2 * max(shape) ** 0.5 if adjust == "match_rms_adamw" else max(1, shape[0] / shape[1]) ** 0.5
    np.testing.assert_allclose(w.data, muon(start, gradients, factor, nesterov, 0.1), 1e-9, 1e-9)
    np.testing.assert_array_equal(other.data, np.ones((2, 2)))


def test_muon_stays_in_float32_and_takes_zeros() -> None:
    w, empty = nn.Parameter(np.ones((2, 3))), nn.Parameter(np.ones((0, 3)))
    optimizer = nn.optim.Muon([w, empty], lr=0.5)
    w.grad, empty.grad = np.zeros((2, 3)), np.zeros((0, 3))
    optimizer.step()
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.data, np.full((2, 3), 0.95), rtol=1e-6)


def test_muon_continues_from_its_state() -> None:
    gradients = np.random.default_rng(0).standard_normal((4, 3, 2))
    one, two = nn.Parameter(np.ones((3, 2))), nn.Parameter(np.ones((3, 2)))
    first, second = nn.optim.Muon([one]), nn.optim.Muon([two])
    for i, gradient in enumerate(gradients):
        one.grad = gradient
        first.step()
        if i == 1:
            two.data[...] = one.data
            second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
        if i > 1:
            two.grad = gradient
            second.step()
    np.testing.assert_array_equal(one.data, two.data)


def test_muon_refuses() -> None:
    with pytest.raises(ShapeError, match=r"Muon updates matrices, but parameter 1 of the group has shape \(3,\)"):
        nn.optim.Muon([nn.Parameter(np.ones((2, 2))), nn.Parameter(np.ones(3))])
    w = nn.Parameter(np.ones((2, 2)))
    for options, message in (
        ({"adjust_lr_fn": "none"}, "adjust_lr_fn should be one of"),
        ({"ns_coefficients": (1.0, 2.0)}, "three numbers"),
        ({"ns_steps": 100}, "ns_steps should be from 0 to 99"),
    ):
        with pytest.raises(ValueError, match=message):
            nn.optim.Muon([w], **options)
