"""What a beginner is told: each message names the argument, the line where that helps, and the remedy."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import nn
from autograd import DerivativeError, DtypeError, ShapeError, elementwise, general, gradcheck, multilinear, tensor
from autograd.tensors.dispatch import operations

LinAlgError = np.linalg.LinAlgError
X = tensor(np.arange(1.0, 13.0).reshape(4, 3), requires_grad=True)
LIVE = tensor(1.0, requires_grad=True)


def test_where_says_what_it_was_not_given() -> None:
    with pytest.raises(TypeError, match=r"'where' takes \(condition, x, y\), but was not given y"):
        np.where(*cast(Any, (X > 0, X)))


def test_an_argument_without_a_derivative_is_named() -> None:
    named = 0
    for operation in {apply.operation for apply in operations.values() if hasattr(apply, "operation")}:
        count = len(operation.rules)
        for place, name in enumerate(operation.parameters[count:], count):
            values = [[X] if operation.variadic else X, *[X] * (count - 1), *[None] * len(operation.parameters[count:])]
            values[place] = LIVE
            with pytest.raises(
                TypeError, match=rf"'{operation.name}' is not differentiable .* argument '{name}': .*detach"
            ):
                operation.apply(*values)
            named += 1
    assert named > 200


MATRICES: list[tuple[Callable[..., Any], int]] = [
    (np.linalg.inv, 1), (np.linalg.det, 1), (np.linalg.slogdet, 1), (np.linalg.solve, 2), (np.linalg.cholesky, 1),
    (np.linalg.eigh, 1), (np.linalg.eigvalsh, 1), (np.linalg.eig, 1), (np.linalg.eigvals, 1),
]  # fmt: skip


@pytest.mark.parametrize(("function", "count"), MATRICES, ids=[function.__name__ for function, _ in MATRICES])
@pytest.mark.parametrize("x", [X, X[0], X.detach()], ids=["oblong", "vector", "constant"])
def test_functions_of_square_matrices_name_themselves_and_the_shape(
    function: Callable[..., Any], count: int, x: Any
) -> None:
    with pytest.raises(LinAlgError, match=rf"'{function.__name__}' of .*{re.escape(str(x.shape))}") as caught:
        function(*[x] * count)
    assert isinstance(caught.value, ShapeError)


@pytest.mark.parametrize("function", [np.linalg.svd, np.linalg.svdvals, np.linalg.qr, np.linalg.pinv])
def test_functions_of_matrices_name_themselves_and_the_shape(function: Callable[..., Any]) -> None:
    with pytest.raises(ShapeError, match=rf"'{function.__name__}' of .*\(3,\)"):
        function(X[0])


def test_singular_matrices_are_no_fault_of_their_shape() -> None:
    for function, count in ((np.linalg.inv, 1), (np.linalg.solve, 2)):
        with pytest.raises(LinAlgError, match=rf"'{function.__name__}' of .*\(2, 2\).*Singular matrix") as caught:
            function(*[X[:2, :2] * 0] * count)
        assert not isinstance(caught.value, ShapeError)


ODD_RULES: list[Callable[..., Any]] = [lambda g: None, lambda g: "text", lambda g: {"a": g}, lambda g: len]


@pytest.mark.parametrize("rule", ODD_RULES, ids=["None", "str", "dict", "function"])
@pytest.mark.parametrize("kind", [elementwise, multilinear, general])
def test_a_rule_that_returns_no_gradient_is_named_with_its_line(kind: Any, rule: Callable[..., Any]) -> None:
    operation = kind(lambda x: x * 2, rule, name="twice")
    line = f"{__file__}:{rule.__code__.co_firstlineno}"
    with pytest.raises(DerivativeError, match=rf"'twice' at {re.escape(line)} returned .*, which is no gradient"):
        operation(X).sum().backward()


@pytest.mark.parametrize("kind", [elementwise, multilinear])
def test_a_rule_may_return_python_numbers(kind: Any) -> None:
    operation = kind(lambda x: x * 2, lambda g: 2.0, name="twice")
    x = tensor(3.0, requires_grad=True)
    operation(x).backward()
    assert x.grad.item() == 2.0


@pytest.mark.parametrize("x", [3, np.array([1, 2]), [1, 2], True, tensor([1, 2])])
def test_gradcheck_of_integers_says_what_to_write(x: Any) -> None:
    with pytest.raises(DtypeError, match=r"Write 1.0 for 1, or x.astype\(float\)"):
        gradcheck(lambda x: x * 2.0, x, fast_mode=True)


MODEL = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


@pytest.mark.parametrize("state", ["m.npz", Path("m.npz")])
def test_a_path_is_no_state(state: Any) -> None:
    with pytest.raises(TypeError, match=r"a dict of arrays by name, such as nn.load\(.*m.npz.*\) returns"):
        MODEL.load_state_dict(state)


def test_states_within_others_are_recognised(tmp_path: Path) -> None:
    saving = [nn.training.Checkpoint(tmp_path / "run.npz")]
    optimizer = nn.optim.SGD(MODEL.parameters(), lr=0.1)
    data = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)
    nn.fit(MODEL, data, nn.MSELoss(), optimizer, epochs=1, callbacks=saving, verbose=False)
    states: list[Any] = [
        nn.load(tmp_path / "run.npz"),
        {"epoch": 3, "optimizer": optimizer.state_dict(), "model_state_dict": MODEL.state_dict()},
        {"state_dict": MODEL.state_dict()},
    ]
    for state in states:
        with pytest.raises(TypeError, match="the state is that of more than weights") as caught:
            MODEL.load_state_dict(state)
        _, _, remedy = str(caught.value).partition("such as ")
        MODEL.load_state_dict(eval(remedy, {"state": state}))


@pytest.mark.parametrize("model", [MODEL, nn.ReLU(), nn.Bilinear(2, 3, 4)])
def test_summary_without_an_input_says_what_to_give(model: nn.Module) -> None:
    with pytest.raises(TypeError, match=r"as in nn.summary\(model, \(32, 784\)\), but .*missing a required argument"):
        nn.summary(model)


NOT_PARAMETERS: list[Any] = [
    MODEL, nn.ReLU(), MODEL[0], MODEL.state_dict(), MODEL.parameters, None, 3, "text", [1, 2], [MODEL],
    nn.ParameterDict(),
]  # fmt: skip
OPTIMIZERS = [
    getattr(nn.optim, name)
    for name in nn.optim.__all__
    if isinstance(getattr(nn.optim, name), type) and issubclass(getattr(nn.optim, name), nn.optim.Optimizer)
]


@pytest.mark.parametrize("optimizer", [o for o in OPTIMIZERS if o is not nn.optim.Optimizer])
def test_optimizers_of_something_else_than_parameters(optimizer: Any) -> None:
    for given in NOT_PARAMETERS:
        with pytest.raises(TypeError, match=rf"{optimizer.__name__}: params should be .* pass model.parameters\(\)"):
            optimizer(given)
    with pytest.raises(ValueError, match=rf"{optimizer.__name__} has no parameters to optimize: the module has none"):
        optimizer(nn.ReLU().parameters())


def test_what_is_missing_is_named_as_it_is_installed() -> None:
    root = Path(__file__).parents[2]
    sources = [path for folder in ("nn", "datasets", "examples") for path in (root / folder).rglob("*.py")]
    advice = [found for path in sources for found in re.findall(r"pip install ([^\s\"`]+)", path.read_text())]
    assert set(advice) >= {"matplotlib", "llvmlite", "pillow", "onnx", "tensorboard"}
    assert not [name for name in advice if name.strip("'").startswith("plaingrad")]
