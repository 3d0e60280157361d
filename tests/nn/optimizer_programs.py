"""Random programs of optimizers, views and shared arrays, and what runs them: nn, and plain arrays as what is right.

A program is a list of instructions, each a name and arguments. A machine has a method for each name and tells what all
parameters and all that shares memory with them hold. What is right is simple: a parameter stays where it is, and a step
changes it in place, one parameter after the other.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import nn
from autograd import Tensor, no_grad, tensor

Array = np.ndarray[Any, Any]
Program = list[tuple[Any, ...]]

COUNT = int(os.environ.get("PLAINGRAD_PROGRAMS", "60"))
SHAPE = (3, 3)

# How parameters come to be; of each, how many there are.
KINDS = {
    "fresh": 1, "tensor": 1, "array": 1, "array not held": 1, "transposed": 1, "strided": 1, "slices": 2,
    "overlapping": 2, "same array": 2, "same memory": 2, "layer": 1,
}  # fmt: skip

# Options with which optimizers differ from their defaults; one that is missing here fails the tests.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1}],
    "Adam": [{"lr": 0.1}, {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}],
    "AdamW": [{"lr": 0.1}],
    "NAdam": [{"lr": 0.1}],
    "RAdam": [{"lr": 0.1, "betas": (0.5, 0.7)}],
    "Adamax": [{"lr": 0.1}],
    "Adagrad": [{"lr": 0.1, "initial_accumulator_value": 0.1}],
    "Adadelta": [{"lr": 1.0}],
    "RMSprop": [{"lr": 0.1}, {"lr": 0.1, "centered": True, "momentum": 0.5}],
    "ASGD": [{"lr": 0.1, "t0": 1}],
    "Adafactor": [{"lr": 0.1}],
    "Lion": [{"lr": 0.1, "weight_decay": 0.1}],
    "Rprop": [{"lr": 0.1}],
    "Muon": [{"lr": 0.1}],
}
TOGETHER = ("LBFGS",)  # takes all parameters together: it has no program here, but tests of its own

# Which part of a parameter is looked at.
PARTS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda x: x[...],
    "row": lambda x: x[0],
    "column": lambda x: x[:, 1],
    "transposed": lambda x: x.T,
    "backwards": lambda x: x[::-1],
    "part of a part": lambda x: x[1:].T[:2],
}

WAYS: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "view": lambda p, part: part(p),
    "view without graph": lambda p, part: _without_graph(part, p),
    "detached": lambda p, part: part(p.detach()),
    "view detached": lambda p, part: part(p).detach(),
    "tensor of it": lambda p, part: part(Tensor(p)),
    "data": lambda p, part: part(p.data),
    "numpy": lambda p, part: part(p.detach().numpy()),
    "asarray": lambda p, part: np.asarray(part(p.detach())),
    "dlpack": lambda p, part: np.from_dlpack(part(p.detach())),
    "memoryview": lambda p, part: np.asarray(memoryview(part(p.data))),
    "tensor of data": lambda p, part: Tensor(part(p.data)),
}


def _without_graph(part: Callable[[Any], Any], p: Any) -> Any:
    with no_grad():
        return part(p)


def programs(seeds: Iterator[int] | range, names: Any = tuple(OPTIONS)) -> Iterator[Program]:
    """Yield random programs."""
    for seed in seeds:
        yield program(random.Random(seed), names)


def program(draw: random.Random, names: Any) -> Program:
    """Return a random program with optimizers of some names."""
    made: Program = [("dtype", draw.choice(["float64", "float64", "float32"]))]
    count = 0
    for _ in range(draw.randint(1, 3)):
        kind = draw.choice(list(KINDS))
        made.append(("parameter", kind, draw.randrange(1000)))
        count += KINDS[kind]
    optimizers = aliases = 0
    for _ in range(draw.randint(6, 24)):
        chosen = draw.choices(
            ["make", "alias", "write", "write parameter", "step", "drop", "reload", "replace", "add group",
             "drop aliases", "assign"],
            [4, 5, 4, 2, 10, 1, 1, 1, 1, 1, 1],
        )[0]  # fmt: skip
        which, amount = draw.randrange(count), draw.choice([0.5, -1.0, 2.0])
        if chosen == "make":
            name = draw.choice(names)
            whose = sorted(draw.sample(range(count), draw.randint(1, count)))
            made.append(("make", name, draw.choice(OPTIONS[name]), whose))
            optimizers += 1
        elif chosen == "alias":
            made.append(("alias", which, draw.choice(list(WAYS)), draw.choice(list(PARTS))))
            aliases += 1
        elif chosen == "write" and aliases:
            made.append(("write", draw.randrange(aliases), amount))
        elif chosen in ("write parameter", "assign"):
            made.append((chosen.replace(" ", "_"), which, amount))
        elif chosen == "replace":
            made.append(("replace", which, draw.randrange(1000), draw.random() < 0.5))
        elif chosen in ("step", "drop", "reload") and optimizers:
            at = draw.randrange(optimizers)
            made.append((chosen, at, draw.randrange(1000)) if chosen == "step" else (chosen, at))
        elif chosen == "add group" and optimizers:
            made.append(("add_group", draw.randrange(optimizers), which))
        elif chosen == "drop aliases":
            made.append(("drop_aliases",))
    return made


class Machine:
    """What all machines share: what is made is kept in lists, by whose places instructions name it."""

    def __init__(self) -> None:
        self.dtype = "float64"
        self.parameters: list[Any] = []
        self.held: list[Any] = []  # arrays that the program keeps
        self.aliases: list[Any] = []
        self.optimizers: list[Any] = []
        self.made: list[tuple[str, dict[str, Any], list[int]]] = []  # name, options, and whose

    def run(self, instruction: tuple[Any, ...]) -> None:
        """Do what an instruction says."""
        name, *arguments = instruction
        if name == "dtype":
            (self.dtype,) = arguments
        else:
            getattr(self, name)(*arguments)

    def draw(self, seed: int, shape: tuple[int, ...] = SHAPE) -> Array:
        """Return random numbers."""
        return np.random.default_rng(seed).standard_normal(shape).astype(self.dtype)

    def memory(self, kind: str, seed: int) -> list[Array]:
        """Return the arrays that parameters of a kind are made of."""
        rows, columns = SHAPE
        whole = self.draw(seed, (2 * rows, columns))
        if kind == "strided":
            return [whole[::2]]
        if kind == "transposed":
            return [self.draw(seed).T]
        if kind == "slices":
            return [whole[:rows], whole[rows:]]
        if kind == "overlapping":
            return [whole[:rows], whole[1 : rows + 1]]
        if kind in ("same array", "same memory"):
            array = self.draw(seed)
            return [array, array]
        return [self.draw(seed)]

    def gradients(self, seed: int, whose: list[int]) -> dict[int, Array]:
        """Return gradients for some parameters; now and then one has none."""
        return {i: self.draw(seed + i) for i in whose if (seed + i) % 7}

    def values(self) -> list[Array | None]:
        """Return copies of the values of all parameters and aliases."""
        raise NotImplementedError

    def drop_aliases(self) -> None:
        """Forget all aliases: None stays in their places."""
        self.aliases = [None] * len(self.aliases)
        self.held = []

    def drop(self, at: int) -> None:
        """Forget an optimizer."""
        self.optimizers[at] = None


class LibraryMachine(Machine):
    """What nn and PyTorch do with the same calls."""

    optim: Any  # their module of optimizers
    no_grad: Any

    def make(self, name: str, options: dict[str, Any], whose: list[int]) -> None:
        """Make an optimizer."""
        self.made.append((name, options, list(whose)))
        self.optimizers.append(getattr(self.optim, name)([self.parameters[i] for i in whose], **options))

    def add_group(self, at: int, which: int) -> None:
        """Add a parameter to an optimizer, unless it has it."""
        whose = self.made[at][2]
        if self.optimizers[at] is not None and which not in whose:
            self.optimizers[at].add_param_group({"params": [self.parameters[which]]})
            whose.append(which)

    def reload(self, at: int) -> None:
        """Make an optimizer anew, with the state of the one before."""
        if self.optimizers[at] is not None:
            name, options, whose = self.made[at]
            state = self.optimizers[at].state_dict()
            groups = [{"params": [self.parameters[whose[k]] for k in g["params"]]} for g in state["param_groups"]]
            fresh = getattr(self.optim, name)(groups, **options)
            fresh.load_state_dict(state)
            self.optimizers[at] = fresh

    def write(self, at: int, amount: float) -> None:
        """Write through an alias."""
        if self.aliases[at] is not None:
            with self.no_grad():
                self.aliases[at] += amount

    def write_parameter(self, which: int, amount: float) -> None:
        """Write to a parameter."""
        with self.no_grad():
            self.parameters[which] *= amount

    def assign(self, which: int, amount: float) -> None:
        """Write to the data of a parameter."""
        self.parameters[which].data[...] = amount


class Ours(LibraryMachine):
    """Runs programs with nn."""

    optim, no_grad = nn.optim, no_grad

    def parameter(self, kind: str, seed: int) -> None:
        """Make the parameters of a kind."""
        arrays = self.memory(kind, seed)
        made: list[Any]
        if kind == "fresh":
            made = [nn.Parameter(arrays[0], dtype=self.dtype)]
        elif kind == "layer":
            layer = nn.Linear(*SHAPE, dtype=self.dtype)
            layer.load_state_dict({"weight": arrays[0], "bias": np.zeros(SHAPE[0])})
            made = [layer.weight]
        elif kind == "tensor":
            made = [tensor(arrays[0], requires_grad=True)]
        elif kind == "same memory":
            first = Tensor(arrays[0], requires_grad=True)
            made = [first, first.detach().requires_grad_()]
        else:
            made = [Tensor(array, requires_grad=True) for array in arrays]
        self.parameters += made
        self.held += [arrays] if kind == "array" else []

    def step(self, at: int, seed: int) -> None:
        """Let an optimizer take a step along random gradients."""
        optimizer, whose = self.optimizers[at], self.made[at][2]
        if optimizer is None:
            return
        optimizer.zero_grad()
        gradients = self.gradients(seed, whose)
        if seed % 2:
            for i, gradient in gradients.items():
                self.parameters[i].grad = gradient
        elif gradients:
            loss: Any = sum((self.parameters[i] * gradient).sum() for i, gradient in gradients.items())
            loss.backward()
        optimizer.step()

    def alias(self, which: int, way: str, part: str) -> None:
        """Look at a parameter."""
        self.aliases.append(WAYS[way](self.parameters[which], PARTS[part]))

    def replace(self, which: int, seed: int, hold: bool) -> None:
        """Give a parameter another array."""
        array = self.draw(seed)
        self.parameters[which].data = array
        self.held += [array] if hold else []

    def values(self) -> list[Array | None]:
        """Return copies of all values."""
        found = [*self.parameters, *self.aliases]
        return [None if x is None else np.array(x.detach() if isinstance(x, Tensor) else x) for x in found]


class Plain(Machine):
    """Runs programs on ndarrays; a step is that of an optimizer of one parameter that nobody else knows."""

    def parameter(self, kind: str, seed: int) -> None:
        """Make the memory of parameters."""
        self.parameters += self.memory(kind, seed)

    def make(self, name: str, options: dict[str, Any], whose: list[int]) -> None:
        """Make an optimizer for each parameter."""
        self.made.append((name, options, []))
        self.optimizers.append({})
        for i in whose:
            self.add_group(len(self.optimizers) - 1, i)

    def add_group(self, at: int, which: int) -> None:
        """Make one more."""
        name, options, whose = self.made[at]
        if self.optimizers[at] is not None and which not in whose:
            whose.append(which)
            apart = nn.Parameter(np.zeros(SHAPE), dtype=self.dtype)
            self.optimizers[at][which] = apart, getattr(nn.optim, name)([apart], **options)

    def step(self, at: int, seed: int) -> None:
        """Let each of them take its step, one after the other."""
        if self.optimizers[at] is None:
            return
        for i, gradient in self.gradients(seed, self.made[at][2]).items():
            apart, optimizer = self.optimizers[at][i]
            apart.data[...], apart.grad = self.parameters[i], gradient
            optimizer.step()
            self.parameters[i][...] = apart.data

    def reload(self, at: int) -> None:
        """Do nothing: a state is no part of what is right."""

    def alias(self, which: int, way: str, part: str) -> None:
        """Look at a parameter."""
        self.aliases.append(PARTS[part](self.parameters[which]))

    def write(self, at: int, amount: float) -> None:
        """Write through an alias."""
        if self.aliases[at] is not None:
            self.aliases[at] += np.dtype(self.dtype).type(amount)

    def write_parameter(self, which: int, amount: float) -> None:
        """Write to a parameter."""
        self.parameters[which] *= amount

    def assign(self, which: int, amount: float) -> None:
        """Write to the array of a parameter."""
        self.parameters[which][...] = amount

    def replace(self, which: int, seed: int, hold: bool) -> None:
        """Give a parameter another array."""
        self.parameters[which] = self.draw(seed)

    def values(self) -> list[Array | None]:
        """Return copies of all values."""
        return [None if x is None else np.array(x) for x in (*self.parameters, *self.aliases)]


def compare(program: Program, machines: list[Machine], precision: dict[str, float]) -> None:
    """Run a program on two machines, and compare all that they hold after each instruction."""
    for number, instruction in enumerate(program):
        for machine in machines:
            machine.run(instruction)
        one, two = (machine.values() for machine in machines)
        allowed = precision[machines[0].dtype]
        for place, (x, y) in enumerate(zip(one, two, strict=True)):
            if x is None or y is None:
                assert x is y
                continue
            said = f"value {place} after instruction {number} of {program[: number + 1]}"
            np.testing.assert_allclose(x, y, allowed, allowed, err_msg=said)
