"""Constructors that are given something else: the error names the class, the argument and what it takes."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.optim import lr_scheduler, swa_utils

from ..good_calls import fresh, good_call


def optimizer() -> nn.optim.Optimizer:
    return nn.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)


# What the constructors are given of which `good_call` does not know it.
GIVEN: dict[str, Callable[[], dict[str, Any]]] = {
    "TransformerDecoder": lambda: {"decoder_layer": nn.TransformerDecoderLayer(4, 2, 4), "num_layers": 1},
    "TransformerEncoder": lambda: {"encoder_layer": nn.TransformerEncoderLayer(4, 2, 4), "num_layers": 1},
    "CosineAnnealingLR": lambda: {"T_max": 5},
    "CosineAnnealingWarmRestarts": lambda: {"T_0": 5},
    "ExponentialLR": lambda: {"gamma": 0.9},
    "LambdaLR": lambda: {"lr_lambda": lambda epoch: 1.0},
    "MultiStepLR": lambda: {"milestones": [1]},
    "MultiplicativeLR": lambda: {"lr_lambda": lambda epoch: 1.0},
    "CyclicLR": lambda: {"base_lr": 0.1, "max_lr": 0.2},
    "OneCycleLR": lambda: {"max_lr": 0.1, "total_steps": 5},
    "StepLR": lambda: {"step_size": 1},
    "SWALR": lambda: {"swa_lr": 0.1},
    "AveragedModel": lambda: {"model": nn.Linear(2, 2)},
    "CSVLogger": lambda: {"path": "a.csv"},
    "Checkpoint": lambda: {"path": "a.npz"},
    "SaveBest": lambda: {"path": "a.npz"},
    "TensorBoard": lambda: {"folder": "a"},
}
# What is not made by users, or derived from, or takes others of its kind.
LEFT_OUT = {
    "Callback", "ChainedScheduler", "History", "Interruption", "LRScheduler", "LearningRateSearch", "Metric", "Module",
    "Optimizer", "Parameter", "SequentialLR", "Sequential", "Training", "Watch",
}  # fmt: skip


def classes() -> Iterator[Any]:
    """Go through the public layers, losses, optimizers, schedulers and callbacks."""
    for module in (nn, nn.optim, lr_scheduler, swa_utils, nn.training):
        for name in module.__all__:
            kind = getattr(module, name)
            if isinstance(kind, type) and not issubclass(kind, BaseException) and name not in LEFT_OUT:
                yield pytest.param(kind, id=name)


@cache
def known(kind: Any) -> tuple[list[Any], dict[str, Any]]:
    found = good_call(kind)
    assert found is not None, "a call that works has to be given above"
    return found


def arguments(kind: Any) -> dict[str, Any]:
    """Return the arguments of a constructor that works."""
    if kind.__name__ in GIVEN:
        given = GIVEN[kind.__name__]()
        return {"optimizer": optimizer(), **given} if kind.__name__.endswith(("LR", "Restarts")) else given
    if issubclass(kind, lr_scheduler.LRScheduler):
        return {"optimizer": optimizer()}
    args, options = known(kind)
    return dict(zip(inspect.signature(kind).parameters, map(fresh, args), strict=False)) | options


def outcome(kind: Any, name: str, wrong: Any) -> str:
    """Return what is said of an argument, or "accepted"."""
    try:
        kind(**{**arguments(kind), name: wrong})
    except (TypeError, ValueError) as error:
        return str(error)
    return "accepted"


def faults(kind: Any, wrongs: Callable[[inspect.Parameter], list[Any]]) -> list[str]:
    """Return what was said of wrong arguments without the names of the class and the argument."""
    return [
        f"{name}={wrong!r}: {said}"
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for wrong in wrongs(parameter)
        for said in [outcome(kind, name, wrong)]
        if kind.__name__ not in said or name not in said
    ]


def nothing_like_it(parameter: inspect.Parameter) -> list[Any]:
    declared = str(parameter.annotation).removesuffix(" | None")
    is_function = "Callable" in declared or declared in ("Activation", "Functions", "MultiAverage")
    holds = declared.startswith(("Iterable[Mod", "Iterable[Par", "Mapping["))  # which say what they hold
    return [object(), *([] if holds else [[1.5, "a"]]), *([] if is_function else [nn.Linear])]


def almost_it(parameter: inspect.Parameter) -> list[Any]:
    declared = str(parameter.annotation)
    wrongs: list[Any] = ["text", "1", True, 1j, np.ones(2)] if declared in ("int", "Size", "float") else []
    wrongs += [1.5, np.float64(2.0)] if declared in ("int", "Size") else []
    optional = parameter.default is None or parameter.name == "bias"
    wrongs += [None] if declared in ("int", "Size", "float", "bool", "str") and not optional else []
    wrongs += [2, -1, "text", 1.5] if declared == "bool" else []
    wrongs += [0, -1, -(10**9)] if declared == "Size" else []
    wrongs += [-1, 1.5, (1, -1), "text"] if declared == "Spatial" else []
    wrongs += ["avg", "", 1] if declared == "Reduction" else []
    wrongs += ["int", int, "text", 3] if declared.startswith("DTypeLike") else []
    return wrongs


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where files may be written."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("wrongs", [nothing_like_it, almost_it])
@pytest.mark.parametrize("kind", [*classes()])
def test_what_it_does_not_take_is_refused_by_name(kind: Any, wrongs: Any) -> None:
    assert faults(kind, wrongs) == []


@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", [*classes()])
def test_a_device_may_be_named_where_there_is_one(kind: Any) -> None:
    if kind is nn.Identity:  # which takes anything
        return
    if "dtype" not in inspect.signature(kind).parameters:  # what has no parameters takes none in PyTorch either
        with pytest.raises(TypeError, match="device"):
            kind(**arguments(kind), device="cuda")
        return
    kind(**arguments(kind), device="cpu")
    kind(**arguments(kind), device=None)
    with pytest.raises(ValueError, match="there is no device but 'cpu', not 'cuda'"):
        kind(**arguments(kind), device="cuda")


def test_what_else_is_refused_names_the_class_too() -> None:
    linear: Any = nn.Linear
    for make in (
        lambda: nn.optim.SGD(nn.Linear(2, 2).parameters(), lr=-1),
        lambda: nn.optim.SGD(nn.Linear(2, 2).parameters(), nesterov=True),
        lambda: linear(2),
        lambda: linear(2, 2, nonsense=1),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^(SGD|Linear): "):
            make()


def test_a_class_of_ones_own_is_named() -> None:
    class Narrow(nn.Linear):
        def __init__(self, features: Any) -> None:
            super().__init__(features, 1)

    with pytest.raises(TypeError, match="Narrow: in_features should be an integer of 1 or more, not 'a'"):
        Narrow("a")
    assert Narrow(np.int64(3)).weight.shape == (1, 3)


@pytest.mark.parametrize(
    "name", [name for name in nn.init.__all__ if name not in ("zeros_", "ones_", "eye_", "dirac_")]
)
def test_initial_values_name_the_argument_that_is_wrong(name: str) -> None:
    function, weight = getattr(nn.init, name), nn.Parameter(np.ones((3, 3)))
    first: dict[str, Any] = {"nonlinearity": "relu"} if name == "calculate_gain" else {"tensor": weight}
    first |= {"sparsity": 0.5} if name == "sparse_" else {}
    for parameter in list(inspect.signature(function).parameters.values()):
        if parameter.annotation not in ("float", "float | None", "str"):
            continue
        for wrong in ([1.0, 2.0], {}, object(), np.ones(3), 1j):
            with pytest.raises(TypeError, match=f"^{name}: {parameter.name} should be a (number|string)"):
                function(**{**first, parameter.name: wrong})
