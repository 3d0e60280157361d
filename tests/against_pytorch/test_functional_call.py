"""nn.functional_call, nn.stack_parameters and vmap against what torch.func has for them."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import grad, vmap

torch = pytest.importorskip("torch")

rng = np.random.default_rng(0)


def pair() -> tuple[Any, Any]:
    """Return the same network for both, in double precision."""
    ours = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3)).double()
    theirs.load_state_dict({name: torch.from_numpy(x.data.copy()) for name, x in ours.named_parameters()})
    return ours, theirs


def test_other_parameters_and_gradients_per_sample() -> None:
    ours, theirs = pair()
    parameters = {name: rng.normal(size=x.shape) for name, x in ours.named_parameters()}
    x, y = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    func = torch.func

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return ((nn.functional_call(ours, parameters, (x,)) - y) ** 2).mean()

    def their_loss(parameters: Any, x: Any, y: Any) -> Any:
        return ((func.functional_call(theirs, parameters, (x,)) - y) ** 2).mean()

    found = vmap(grad(loss), in_axes=(None, 0, 0))(parameters, x, y)
    given = {name: torch.from_numpy(array) for name, array in parameters.items()}
    expected = func.vmap(func.grad(their_loss), in_dims=(None, 0, 0))(given, torch.from_numpy(x), torch.from_numpy(y))
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[name].numpy(), rtol=1e-10, atol=1e-12)


def test_ensembles() -> None:
    models = [pair() for _ in range(3)]
    ours, theirs = ([model[i] for model in models] for i in range(2))
    stacked = nn.stack_parameters(ours)
    their_stack, _ = torch.func.stack_module_state(theirs)
    assert {name: x.shape for name, x in stacked.items()} == {name: tuple(x.shape) for name, x in their_stack.items()}
    x = rng.normal(size=(5, 4))
    found = vmap(lambda p, x: nn.functional_call(ours[0], p, x), in_axes=(0, None))(stacked, x)
    called = torch.func.vmap(lambda p, x: torch.func.functional_call(theirs[0], p, (x,)), in_dims=(0, None))
    expected = called(their_stack, torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(np.asarray(found.data), expected, rtol=1e-10, atol=1e-12)
