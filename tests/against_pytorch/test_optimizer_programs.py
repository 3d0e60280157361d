"""Programs of optimizers, views and shared arrays have PyTorch's values, where parameters stay where they are."""

from typing import Any

import numpy as np
import pytest

import nn

from ..nn.optimizer_programs import COUNT, OPTIONS, PARTS, Machine, Ours, compare, programs

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

NAMES = [name for name in OPTIONS if name != "Muon"]  # PyTorch's rounds to bfloat16


@pytest.fixture(autouse=True)
def _double_numbers() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Peer(Machine):
    """Runs programs with PyTorch."""

    def parameter(self, kind: str, seed: int) -> None:
        """Make the parameters of a kind."""
        made = [torch.from_numpy(array) for array in self.memory(kind, seed)]
        if kind == "same memory":
            made[1] = made[0].detach()
        self.parameters += [x.requires_grad_() for x in made]

    def make(self, name: str, options: dict[str, Any], whose: list[int]) -> None:
        """Make an optimizer."""
        self.made.append((name, options, list(whose)))
        self.optimizers.append(getattr(torch.optim, name)([self.parameters[i] for i in whose], **options))

    def add_group(self, at: int, which: int) -> None:
        """Add a parameter to an optimizer, unless it has it."""
        whose = self.made[at][2]
        if self.optimizers[at] is not None and which not in whose:
            self.optimizers[at].add_param_group({"params": [self.parameters[which]]})
            whose.append(which)

    def step(self, at: int, seed: int) -> None:
        """Let an optimizer take a step along random gradients."""
        if self.optimizers[at] is None:
            return
        self.optimizers[at].zero_grad()
        for i, gradient in self.gradients(seed, self.made[at][2]).items():
            self.parameters[i].grad = torch.from_numpy(gradient)
        self.optimizers[at].step()

    def reload(self, at: int) -> None:
        """Make an optimizer anew, with the state of the one before."""
        if self.optimizers[at] is not None:
            name, options, whose = self.made[at]
            state = self.optimizers[at].state_dict()
            groups = [{"params": [self.parameters[whose[k]] for k in g["params"]]} for g in state["param_groups"]]
            fresh = getattr(torch.optim, name)(groups, **options)
            fresh.load_state_dict(state)
            self.optimizers[at] = fresh

    def alias(self, which: int, way: str, part: str) -> None:
        """Look at a parameter; PyTorch has no negative strides."""
        p = self.parameters[which]
        self.aliases.append(PARTS[part](p.detach().numpy()) if part == "backwards" else PARTS[part](p))

    def write(self, at: int, amount: float) -> None:
        """Write through an alias."""
        if self.aliases[at] is not None:
            with torch.no_grad():
                self.aliases[at] += amount

    def write_parameter(self, which: int, amount: float) -> None:
        """Write to a parameter."""
        with torch.no_grad():
            self.parameters[which] *= amount

    def assign(self, which: int, amount: float) -> None:
        """Write to the data of a parameter."""
        self.parameters[which].data[...] = amount

    def replace(self, which: int, seed: int, hold: bool) -> None:
        """Give a parameter another tensor."""
        self.parameters[which].data = torch.from_numpy(self.draw(seed))

    def values(self) -> list[Any]:
        """Return copies of all values."""
        found = [x.detach().numpy() if isinstance(x, torch.Tensor) else x for x in (*self.parameters, *self.aliases)]
        return [None if x is None else np.array(x) for x in found]


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
