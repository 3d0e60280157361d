"""Programs of optimizers, views and shared arrays have PyTorch's values, where parameters stay where they are."""

from typing import Any

import numpy as np
import pytest

import nn

from ..nn.optimizer_programs import COUNT, OPTIONS, PARTS, LibraryMachine, Machine, Ours, compare, programs

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

NAMES = [name for name in OPTIONS if name not in ("Muon", "Lion")]  # PyTorch's Muon rounds to bfloat16


@pytest.fixture(autouse=True)
def _double_numbers() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Peer(LibraryMachine):
    """Runs programs with PyTorch."""

    optim, no_grad = torch.optim, torch.no_grad

    def parameter(self, kind: str, seed: int) -> None:
        """Make the parameters of a kind."""
        made = [torch.from_numpy(array) for array in self.memory(kind, seed)]
        if kind == "same memory":
            made[1] = made[0].detach()
        self.parameters += [x.requires_grad_() for x in made]

    def step(self, at: int, seed: int) -> None:
        """Let an optimizer take a step along random gradients."""
        if self.optimizers[at] is None:
            return
        self.optimizers[at].zero_grad()
        for i, gradient in self.gradients(seed, self.made[at][2]).items():
            self.parameters[i].grad = torch.from_numpy(gradient)
        self.optimizers[at].step()

    def alias(self, which: int, way: str, part: str) -> None:
        """Look at a parameter; PyTorch has no negative strides."""
        p = self.parameters[which]
        self.aliases.append(PARTS[part](p.detach().numpy()) if part == "backwards" else PARTS[part](p))

    def replace(self, which: int, seed: int, hold: bool) -> None:
        """Give a parameter another tensor."""
        self.parameters[which].data = torch.from_numpy(self.draw(seed))

    def values(self) -> list[Any]:
        """Return copies of all values."""
        found = [x.detach().numpy() if isinstance(x, torch.Tensor) else x for x in (*self.parameters, *self.aliases)]
        return [None if x is None else np.array(x) for x in found]


# As some instructions make steps before there is any gradient.
@pytest.mark.filterwarnings("ignore:no parameter of this optimizer has a gradient")
def test_programs_have_pytorchs_values() -> None:
    for program in programs(range(COUNT), NAMES):
        machines: list[Machine] = [Ours(), Peer()]
        compare(program, machines, {"float64": 1e-9, "float32": 2e-3})


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
@pytest.mark.parametrize("kind", ["slices", "overlapping", "same array", "same memory", "strided"])
def test_lbfgs_of_shared_memory(kind: str, line_search: Any) -> None:
    for seed in range(3):
        ours, theirs = Ours(), Peer()
        for machine in (ours, theirs):
            machine.run(("parameter", kind, seed))
            machine.run(("alias", 0, "view", "row"))
        options: dict[str, Any] = {"max_iter": 3, "lr": 0.3, "line_search_fn": line_search}
        for machine, where in ((ours, nn.optim), (theirs, torch.optim)):
            parameters = machine.parameters
            optimizer = where.LBFGS(parameters, **options)

            def closure(optimizer: Any = optimizer, parameters: Any = parameters) -> Any:
                optimizer.zero_grad()
                loss = sum(((p - i) ** 4 + p**2).sum() for i, p in enumerate(parameters))
                loss.backward()
                return loss

            for _ in range(2):
                optimizer.step(closure)
        for one, two in zip(ours.values(), theirs.values(), strict=True):
            np.testing.assert_allclose(one, two, 1e-7, 1e-7)  # type: ignore[arg-type]  # none is missing
