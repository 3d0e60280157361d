"""`check_module` and `check_training` with modules and optimizers of PyTorch."""

from collections.abc import Callable
from typing import Any

import pytest

from autograd import GradientCheckError
from autograd.testing import check_module, check_training

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
nn, functional = torch.nn, torch.nn.functional
torch.set_num_threads(1)
X = torch.tensor([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]])


class Doubled(torch.autograd.Function):  # type: ignore[name-defined,misc]  # PyTorch does not export it by name
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return torch.sin(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * torch.cos(ctx.saved_tensors[0])


class Layer(nn.Module):  # type: ignore[name-defined,misc]
    """A layer with a `forward` of its own, and some attribute that it keeps."""

    def __init__(self, forward: Callable[[Any, Any], Any], **kept: Any) -> None:
        super().__init__()
        self.inner, self.own = nn.Linear(2, 2), forward
        for name, value in kept.items():
            setattr(self, name, value)

    def forward(self, x: Any) -> Any:
        return self.own(self, x)


def keeping(layer: Any, x: Any) -> Any:
    if layer.kept is None:
        layer.kept = layer.inner.weight * 1.0
    return x @ layer.kept.T


def averaging(layer: Any, x: Any) -> Any:
    if layer.training:
        layer.mean = 0.5 * layer.mean + x.detach().mean(0)
        return layer.inner(x)
    return layer.inner(x - layer.mean)


def wide(layer: Any, x: Any) -> Any:
    return layer.inner(x) * torch.ones(2, dtype=torch.float64)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (lambda: nn.Linear(2, 2), X),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Tanh(), nn.Dropout(0.2)), X),
        (lambda: nn.Sequential(nn.Embedding(4, 2, padding_idx=0), nn.Flatten()), torch.tensor([[0, 1], [3, 3]])),
        (lambda: nn.GRU(2, 2, batch_first=True), X[:, None]),
    ],
    ids=["linear", "normalized and dropped", "embedding", "recurrent"],
)
def test_right_modules_pass_and_stay_as_they_are(module: Callable[[], Any], inputs: Any) -> None:
    torch.manual_seed(0)
    model = module()
    before, generator = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    assert check_module(model, inputs).compared > 3
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_the_loss_is_one_of_pytorch() -> None:
    labels = torch.tensor([0, 1, 1])
    assert check_module(nn.Linear(2, 2), X, loss=lambda scores: functional.cross_entropy(scores, labels)).compared > 3


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (lambda: Layer(lambda m, x: Doubled.apply(m.inner(x))), "it is 2 times what it should be"),
        (lambda: Layer(lambda m, x: m.inner(x) * torch.linalg.norm(m.inner.weight.detach())), "by differences"),
        (lambda: Layer(lambda m, x: x @ m.inner.weight.detach().T + m.inner.bias), "inner.weight gets no gradient"),
        (lambda: Layer(lambda m, x: x @ m.inner.weight.T), "say unused='inner.bias'"),
        (lambda: Layer(lambda m, x: functional.dropout(m.inner(x), 0.5)), "random in evaluation mode"),
        (lambda: Layer(keeping, kept=None), "keeps something of its first call"),
        (lambda: Layer(averaging, mean=torch.zeros(2)), "register_buffer"),
        (lambda: Layer(wide), "it returns float64"),
        (lambda: Layer(lambda m, x: m.inner(x) * m.scale, scale=torch.ones(2, requires_grad=True)), "scale holds a"),
    ],
    ids=["rule", "detached", "cut", "unused", "dropout", "kept", "running mean", "wide", "hidden"],
)
def test_faults_of_modules_are_found(module: Callable[[], Any], message: str) -> None:
    torch.manual_seed(0)
    with pytest.raises(GradientCheckError, match=message):
        check_module(module(), X)


def test_rows_that_affect_each_other_are_found() -> None:
    with pytest.raises(GradientCheckError, match="depends on the batch"):
        check_module(Layer(lambda m, x: m.inner(x) - m.inner(x).mean(0)), X, batched=True)


def training(fault: str = "") -> tuple[Callable[[], Any], Any]:
    """Return a step of PyTorch, and its model."""
    torch.manual_seed(0)
    model = nn.Linear(2, 1).double()
    x, y = X.double(), torch.tensor([[1.0], [0.5], [-1.0]], dtype=torch.float64)
    trained = [model.weight] if fault == "missing" else model.parameters()
    optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)

    def step() -> Any:
        if fault != "no zero_grad":
            optimizer.zero_grad()
        loss = functional.mse_loss(functional.dropout(model(x), 0.2), y)
        (2 * loss if fault == "scaled" else loss).backward()
        optimizer.step()
        if fault == "late":
            nn.utils.clip_grad_norm_(model.parameters(), 1e-2)
        scheduler.step()
        return loss

    return step, model


@pytest.mark.filterwarnings("error")
def test_a_right_step_passes_and_everything_is_as_it_was() -> None:
    step, model = training()
    before, generator = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    assert check_training(step, model).compared == 3
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no zero_grad", "add up from call to call"),
        ("scaled", "all gradients are 2 times"),
        ("late", "changes after the last optimizer.step"),
        ("missing", "bias gets a gradient, but the step does not move it"),
    ],
)
def test_faults_of_steps_are_found(fault: str, message: str) -> None:
    with pytest.raises(GradientCheckError, match=message):
        check_training(*training(fault))


def test_gradients_that_were_there_before_are_put_back() -> None:
    step, model = training()
    step()
    kept = [p.grad.clone() for p in model.parameters()]
    check_training(step, model)
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), kept, strict=True))


def test_parameters_may_be_given_alone() -> None:
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.1)

    def step() -> float:
        optimizer.zero_grad()
        loss = (w**3).sum()
        loss.backward()
        optimizer.step()
        return loss.item()  # type: ignore[no-any-return]

    assert check_training(step, {"w": w}).compared == 3
    assert torch.equal(w, torch.ones(3, dtype=torch.float64))
