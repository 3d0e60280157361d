"""check_module finds what is wrong with a module, and nothing in one that is right."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GradientCheckError, Tensor, general
from autograd.testing import check_module
from autograd.testing.conditions.module_gradients import _weights

Array = np.ndarray[Any, Any]
F = nn.functional
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(4, 3))
IMAGES = RANDOM.normal(size=(2, 2, 6, 6))
SEQUENCES = RANDOM.normal(size=(2, 4, 8))

# Faults of gradients


scaled = general(lambda x, w: x @ w.T, lambda g, w: g @ w, lambda g, x: 2 * (g.mT @ x), name="scaled")
biased = general(lambda x, b: x + b, lambda g: g, lambda g, b_shape: g.sum(-1).reshape(b_shape), name="biased")
one_off = general(
    lambda x, w: x @ w.T,
    lambda g, w: g @ w,
    lambda g, x: (g.mT @ x) * (1 + 1e-4 * (np.arange(90) == 70).reshape(30, 3)),
    name="one_off",
)
imprecise = general(
    lambda x, w: x @ w.T,
    lambda g, w: g @ w,
    lambda g, x: (g.mT @ x) * (1.0 if g.dtype == np.float64 else np.float32(1.001)),
    name="imprecise",
)
inverted = general(lambda x: np.tanh(x), lambda g, out: g * (out * out - 1), name="inverted")


class Doubled(nn.Linear):
    def forward(self, x: Any) -> Any:
        return scaled(x, self.weight) + self.bias


class WrongAxis(nn.Linear):
    def forward(self, x: Any) -> Any:
        return biased(x @ self.weight.mT, self.bias)


class OneElement(nn.Linear):
    def forward(self, x: Any) -> Any:
        return one_off(x, self.weight)


class SingleOnly(nn.Linear):
    def forward(self, x: Any) -> Any:
        return imprecise(x, self.weight) + self.bias


class WrongInput(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x + (x - Tensor(x.numpy()) if isinstance(x, Tensor) else 0))


class InEvaluation(nn.Linear):
    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        return np.tanh(y) if self.training else inverted(y)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Any) -> Any:
        return self.second(np.tanh(self.first(x)))


class TiedOnce(Tied):
    def forward(self, x: Any) -> Any:
        return np.tanh(self.first(x)) @ self.second.weight.detach().mT + self.second.bias


class Untied(Tied):
    def __deepcopy__(self, memo: Any) -> Any:
        other = Untied()
        other.first, other.second = copy.deepcopy(self.first), copy.deepcopy(self.second)
        return other


class Idle(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 2)
        self.head = nn.Linear(2, 5)


class InAClosure(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 2)
        gains = Tensor(np.ones(2), requires_grad=True)
        self.scaled: Callable[[Any], Any] = lambda x: x * gains

    def forward(self, x: Any) -> Any:
        return self.scaled(super().forward(x))


class Hidden(nn.Linear):
    def __init__(self, held: Any = list) -> None:
        super().__init__(3, 2)
        self.gains = held([Tensor(np.ones(2, np.float32), requires_grad=True)])

    def forward(self, x: Any) -> Any:
        return super().forward(x) * next(iter(self.gains))


# Faults of modes, buffers and state


class AlwaysDropout(nn.Linear):
    def forward(self, x: Any) -> Any:
        return F.dropout(super().forward(x), 0.5)


class Statistics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(np.ones(3))
        self.register_buffer("mean", np.zeros(3, np.float32))

    def update(self, x: Any) -> None:
        values = x.numpy() if isinstance(x, Tensor) else x
        self.mean: Any = (0.9 * self.mean + 0.1 * values.mean(0)).astype(self.mean.dtype)

    def forward(self, x: Any) -> Any:
        y = (x - self.mean) * self.gain
        if self.training:
            self.update(x)
        return y


class UpdatedInEvaluation(Statistics):
    def forward(self, x: Any) -> Any:
        y = (x - self.mean) * self.gain
        self.update(x)
        return y


class NotPersistent(Statistics):
    def __init__(self) -> None:
        super().__init__()
        del self.mean
        self._buffers.clear()
        self.register_buffer("mean", np.zeros(3, np.float32), persistent=False)


class NotRegistered(Statistics):
    def __init__(self) -> None:
        super().__init__()
        self._buffers.clear()


class StateWithoutGain(Statistics):
    def state_dict(self) -> dict[str, Array]:
        return {"mean": np.array(self.mean)}

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> Any:
        return super().load_state_dict(state_dict, strict=False)


class LiveState(Statistics):
    def state_dict(self) -> dict[str, Array]:
        return {"gain": self.gain.data, "mean": self.mean}


class OwnNoise(nn.Linear):
    def forward(self, x: Any) -> Any:
        noise = np.random.default_rng().normal(size=2) if self.training else 0.0
        return super().forward(x) + noise


class NoisyBuffer(Statistics):
    def update(self, x: Any) -> None:
        self.mean = self.mean + np.random.default_rng().normal(size=3).astype(self.mean.dtype)


class Seeds(nn.Linear):
    def forward(self, x: Any) -> Any:
        np.random.seed(0)
        return super().forward(x)


class StaysInTraining(nn.Linear):
    def forward(self, x: Any) -> Any:
        self.training = True
        return super().forward(x)


class Shared(nn.Linear):
    def __deepcopy__(self, memo: Any) -> Any:
        return self


class OfTheBatch(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) / len(x)


class Squeezed(nn.Linear):
    def forward(self, x: Any) -> Any:
        y = np.squeeze(x) @ self.weight.mT
        return y.reshape((-1, 2)) if y.ndim > 1 else y


class Kept(nn.Linear):
    kept: Any = None

    def forward(self, x: Any) -> Any:
        self.kept = self.weight * 1.0 if self.kept is None else self.kept
        return x @ self.kept.mT + self.bias


class KeptByShape(nn.Linear):
    def forward(self, x: Any) -> Any:
        known = self.__dict__.setdefault("known", {})
        return known.setdefault(x.shape, super().forward(x))


class Wide(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * np.ones(self.out_features)


FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "the first weights are kept": (lambda: Kept(3, 2), "once parameters and inputs have changed, its outputs are not"),
    "outputs are kept by shape": (lambda: KeptByShape(3, 2), "keeps something of its first call"),
    "outputs in double precision": (
        lambda: Wide(3, 2),
        "returns float64, though its parameters and inputs are float32",
    ),
    "the gradient of the weights is twice too large": (
        lambda: Doubled(3, 2),
        r"the gradient of weight\[\d, \d\] is .* by the graph but .* by differences, in training mode: it is 2 times",
    ),
    "the gradient of the bias is summed over the wrong axis": (lambda: WrongAxis(3, 4), r"the gradient of bias\[\d\]"),
    "one element of many by 1e-4": (lambda: OneElement(3, 30), r"the gradient of weight\[23, 1\]"),
    "in float32 alone": (lambda: SingleOnly(3, 2), r"the gradient of weight\[.* in float32, but .* in float64"),
    "the gradient of the input": (lambda: WrongInput(3, 2), r"the gradient of input 0\[.*: it is 2 times"),
    "in evaluation mode alone": (
        lambda: InEvaluation(3, 2),
        r"the gradient of .* in evaluation mode but .* in training mode.*: its sign is wrong",
    ),
    "a tied weight gets the gradient of one use": (TiedOnce, r"the gradient of first.weight\[\d, \d\]"),
    "a copy has two weights for a tied one": (Untied, r"another parameter for each of first.weight, second.weight"),
    "a parameter is not used": (Idle, r"(?s)head.bias gets no gradient, as nothing.*head.weight gets no gradient"),
    "a tensor in a set is no parameter": (lambda: Hidden(set), r"gains holds a tensor that requires a gradient"),
    "a tensor is no parameter": (Hidden, r"gains holds a tensor that requires a gradient, but is no parameter"),
    "a tensor is no parameter, nor an attribute": (
        InAClosure,
        r"depend on a tensor of shape \(2,\) that requires a gradient, but is no parameter",
    ),
    "dropout in evaluation mode": (lambda: AlwaysDropout(3, 2), r"it is random in evaluation mode"),
    "statistics updated in evaluation mode": (UpdatedInEvaluation, r"in evaluation mode changes the buffer mean"),
    "a buffer that is not saved": (NotPersistent, r"does not restore the buffer mean, .* persistent=True"),
    "a plain attribute instead of a buffer": (NotRegistered, r"does not restore all that training changes"),
    "a parameter that is not saved": (StateWithoutGain, r"does not restore the parameter gain"),
    "the state is not a copy": (LiveState, r"state_dict\(\) holds the memory of gain itself"),
    "noise from elsewhere": (lambda: OwnNoise(3, 2), r"it is not reproducible in training mode"),
    "a call seeds": (lambda: Seeds(3, 2), r"seeds NumPy's global generator"),
    "noise in a buffer": (NoisyBuffer, r"with the same seed, change the buffer mean differently"),
    "a call changes the mode": (
        lambda: StaysInTraining(3, 2),
        r"a call after eval\(\) leaves some of it in the other mode",
    ),
    "a copy shares its parameters": (lambda: Shared(3, 2), r"is not independent: it shares the memory of weight"),
    "rows depend on the number of rows": (
        lambda: OfTheBatch(3, 2),
        r"row 0 of a batch of 4 gives .*, but alone it gives",
    ),
    "a batch of one loses its axis": (
        lambda: Squeezed(3, 2, bias=False),
        r"row 0 of a batch of 4 gives|a batch of one",
    ),
}


@pytest.mark.one_in(8)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore:the attribute gains.0 :nn.TrainingWarning")
def test_faults_are_found(fault: str) -> None:
    make, message = FAULTS[fault]
    module = make()
    before = copy.deepcopy(module.__dict__)
    with pytest.raises(GradientCheckError, match=message):
        check_module(module, ROWS)
    for name, value in before.items():
        assert np.array_equal(getattr(module, name), value) if isinstance(value, np.ndarray | Tensor) else True


RIGHT: dict[str, tuple[Callable[[], Any], tuple[Any, ...], bool]] = {
    "linear": (lambda: nn.Linear(3, 2), (ROWS,), True),
    "tied": (Tied, (ROWS,), True),
    "statistics": (Statistics, (ROWS,), True),
    "perceptron with dropout": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 2)),
        (ROWS,),
        True,
    ),
    "in float64": (lambda: nn.Linear(3, 2, dtype=np.float64), (ROWS,), True),
    "layer norm": (lambda: nn.LayerNorm(3), (ROWS,), True),
    "images": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        (IMAGES,),
        True,
    ),
    "instance norm": (lambda: nn.InstanceNorm2d(2, affine=True, track_running_stats=True), (IMAGES,), True),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(7, 3, padding_idx=0), nn.Flatten(), nn.Linear(6, 2)),
        (np.array([[1, 2], [3, 3], [0, 6]]),),
        True,
    ),
    "lstm with its state": (
        lambda: nn.LSTM(8, 3, batch_first=True),
        (SEQUENCES, (np.zeros((1, 2, 3)), np.ones((1, 2, 3)))),
        False,
    ),
    "attention": (lambda: nn.MultiheadAttention(8, 2, batch_first=True), (SEQUENCES,) * 3, True),
    "prelu": (lambda: nn.PReLU(3), (ROWS,), True),
    "two inputs": (lambda: nn.Bilinear(3, 3, 2), (ROWS, ROWS[::-1]), True),
    "no parameters": (lambda: nn.Softmax(axis=-1), (ROWS,), True),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", RIGHT)
def test_right_modules_pass(name: str) -> None:
    make, inputs, rowwise = RIGHT[name]
    module = make()
    state, generator = copy.deepcopy(module.state_dict()), nn.random.default_generator().bit_generator.state
    check = check_module(module, *inputs)
    assert check.rowwise is rowwise
    assert check.compared > 0
    assert check.untold == ()
    assert state.keys() == module.state_dict().keys()
    assert all(np.array_equal(state[key], value) for key, value in module.state_dict().items())
    assert nn.random.default_generator().bit_generator.state == generator
    assert all(p.grad is None for p in module.parameters())
    assert module.training


def test_the_gradients_of_a_loss() -> None:
    labels = np.array([0, 1, 1, 0])
    assert check_module(nn.MLP([3, 4, 2]), ROWS, loss=lambda y: F.cross_entropy(y, labels)).compared > 0
    with pytest.raises(GradientCheckError, match="weight"):
        check_module(Doubled(3, 2), ROWS, loss=lambda y: F.cross_entropy(y, labels))


def test_unused_parameters_are_named() -> None:
    check_module(Idle(), ROWS, unused=("head.weight", "head.bias"))
    with pytest.raises(GradientCheckError, match="bias gets a gradient, but unused= names it"):
        check_module(nn.Linear(3, 2), ROWS, unused="bias")
    with pytest.raises(ValueError, match="unused names 'offset', but the parameters are bias, weight"):
        check_module(nn.Linear(3, 2), ROWS, unused="offset")


def test_what_differences_cannot_tell_is_named() -> None:
    model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    model[0].weight.data[...] = [[1], [-2]]
    model[2].weight.data[...] = [[1, -1]]
    assert check_module(model, np.zeros((1, 1))).untold == ("input 0",)  # the slopes are 1 and 2, the gradient is 0


def test_frozen_parameters_need_no_gradient() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    check_module(model, ROWS)


def test_rows_are_compared_if_told() -> None:
    class Centred(nn.Linear):
        def forward(self, x: Any) -> Any:
            return super().forward(x - x.mean(0))

    assert not check_module(Centred(3, 2), ROWS).rowwise
    assert not check_module(Centred(3, 2), ROWS, batched=False).rowwise
    with pytest.raises(GradientCheckError, match="row 0 of a batch of 4"):
        check_module(Centred(3, 2), ROWS, batched=True)


def test_the_module_stays_as_it_is_after_an_exception() -> None:
    class Spoiling(nn.Linear):
        def forward(self, x: Any) -> Any:
            module.weight.data[...] = 7
            module.weight.grad = np.ones((2, 3), np.float32)
            module.extra = 1
            module.eval()
            nn.random.draw(lambda generator, shape: generator.normal(size=shape), (3,))
            raise RuntimeError("no")

    module = Spoiling(3, 2)
    values, generator = module.weight.numpy().copy(), nn.random.default_generator().bit_generator.state
    with pytest.raises(RuntimeError, match="no"):
        check_module(module, ROWS)
    assert np.array_equal(module.weight.data, values)
    assert module.weight.grad is None
    assert module.training
    assert not hasattr(module, "extra")
    assert nn.random.default_generator().bit_generator.state == generator


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(TypeError, match=r"takes a module, which has named_parameters\(\), not .*; gradcheck\(\) takes"):
        check_module(np.tanh, ROWS)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="loss should be a function"):
        check_module(nn.Linear(3, 2), ROWS, loss=0)  # type: ignore[arg-type]


def test_a_class_is_no_module() -> None:
    with pytest.raises(TypeError, match=r"not its class: make one, as in Linear\(\.\.\.\)"):
        check_module(nn.Linear, np.ones((2, 3)))  # type: ignore[arg-type]


def test_what_rounding_leaves_of_a_gradient_of_zero_is_no_fault() -> None:
    """The first weighted sum is of terms below 0 alone: it was moved to 0, beside which a rounding was large."""
    below = -np.sign(_weights(2)[0])
    constant = general(lambda b: below + 0 * b, lambda g: 1.1e-16 * g, name="constant")

    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(np.array([0.5, 0.25]), dtype=np.float64)

        def forward(self, x: Tensor) -> Any:
            return constant(self.bias) * x

    assert check_module(Shifted(), np.ones(2), batched=False).compared
