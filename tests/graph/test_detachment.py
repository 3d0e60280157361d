"""What a constant says when it is asked for a gradient; which pass freed a graph."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, detect_anomaly, gradients, no_grad, set_grad_enabled, tensor

HERE = re.escape(__file__)


def leaf() -> Any:
    return tensor([1.0, 2.0], requires_grad=True)


def in_no_grad(x: Any) -> Any:
    with no_grad():
        return x * 2


def in_nothing(x: Any) -> Any:
    with set_grad_enabled(False):
        return nn.functional.linear(x, x[None], x[:1])


CUTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no_grad": (in_no_grad, "'multiply' was computed within no_grad"),
    "set_grad_enabled": (in_nothing, "'linear' was computed within no_grad"),
    "decorated": (no_grad()(lambda x: np.exp(x)), "'exp' was computed within no_grad"),
    "many": (no_grad()(lambda x: np.concatenate([x, x])), "'concatenate' was computed"),
    "outputs": (no_grad()(lambda x: np.linalg.eigh(x * x[:, None])[0]), "'multiply' was computed within no_grad"),
    "detach": (lambda x: x.detach(), r"detach\(\) cut it"),
    "detach_": (lambda x: (x * 2).detach_(), r"detach_\(\) cut it"),
    "comparison": (lambda x: (x > 1) * 1.0, "'greater' gives a result without a derivative"),
    "integers": (lambda x: x.astype(int) * 1.0, "'astype' gives a result without a derivative"),
    "frozen": (lambda x: x.requires_grad_(False), r"requires_grad_\(False\) cut it"),
    "a tensor of a tensor": (lambda x: tensor(x), "making a tensor of a tensor"),
    "sharing": (lambda x: Tensor(x * 3), "making a tensor of a tensor"),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_cut_the_graph_is_named_with_its_line(name: str) -> None:
    cut, words = CUTS[name]
    loss = (cut(leaf()) + 1).sum() * 3
    with pytest.raises(GraphError, match=f"nothing to go back through: {words}.*{HERE}:[0-9]+"):
        loss.backward()
    with pytest.raises(GraphError, match=f"{words}.*{HERE}:[0-9]+"):
        gradients(loss, leaf())


def test_the_first_cut_counts_and_is_passed_on() -> None:
    x = leaf().detach()
    with no_grad():
        y = np.concatenate([np.exp(x[:1]), x.reshape(2)]).sum()
    with pytest.raises(GraphError, match=r"detach\(\) cut it"):
        (y + y).backward()


def test_constants_that_nothing_cut() -> None:
    with pytest.raises(GraphError, match="nothing that it was computed from requires a gradient"):
        (tensor([1.0]) * 2).backward()
    with pytest.raises(GraphError, match="nothing that it was computed from requires a gradient"):
        Tensor(leaf().data.sum()).backward()


def test_a_write_of_a_constant_keeps_the_reason() -> None:
    x = tensor([1.0, 2.0])
    x[0] = leaf().detach()[0]
    with pytest.raises(GraphError, match="nothing to go back through"):
        x.sum().backward()


def test_a_freed_graph_says_which_pass_freed_it() -> None:
    x = leaf()
    y = (x * x).sum()
    y.backward()
    with pytest.raises(GraphError, match=rf"an earlier backward\(\) at {HERE}:[0-9]+ freed the graph"):
        y.backward()


def test_anomalies_name_module_ranges_and_line() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Flatten(), nn.Linear(2, 2)))
    inner: Any = model[1]
    inner[1].weight.data[0, 0] = np.inf
    with (
        detect_anomaly(),
        pytest.raises(
            FloatingPointError,
            match=rf"in module '1\.1' \(Linear\) of Sequential, at {HERE}:[0-9]+; it was given an array from",
        ),
    ):
        model(np.ones((1, 2), np.float32))


def test_anomalies_of_the_backward_pass_name_module_and_ranges() -> None:
    class Root(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.sqrt(x)

    model = nn.Sequential(nn.Flatten(), Root())
    x = tensor([[0.0, 4.0]], requires_grad=True)
    with detect_anomaly(), np.errstate(divide="ignore"):
        y = model(x).sum()
        with pytest.raises(
            FloatingPointError,
            match=rf"derivative of 'sqrt' in module '1' \(Root\) of Sequential, recorded at {HERE}:[0-9]+, gave a "
            rf"gradient with nan or inf .* it was given an array from 1 to 1 .* and an array from 0 to 2",
        ):
            y.backward()
