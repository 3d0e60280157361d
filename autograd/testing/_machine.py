"""A state machine for Hypothesis: random programs that compute, take views, write and step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Tensor, gradients, no_grad

from ._gradcheck import gradcheck
from .subjects.subject import Array

Variables = list[Any]
Key = int | slice | list[int] | tuple[int | slice | EllipsisType | list[int], ...] | EllipsisType
Instruction = Callable[[Variables], Any]

MOST = 6  # variables of a program
KEYS: list[Key] = [
    0, -1, slice(1, None), slice(None, None, -1), (Ellipsis, 0), [0, 0], (slice(None), [1, 0, 1]), Ellipsis,
]  # fmt: skip

variable = st.integers(0, MOST - 1)


def name_in(attribute: str) -> st.SearchStrategy[str]:
    """Return a strategy for the names in a table of the machine that runs."""
    return st.runner().flatmap(lambda machine: st.sampled_from(sorted(getattr(machine, attribute))))


class TensorMachine(RuleBasedStateMachine):
    """Run random programs on tensors and on arrays, and compare values and gradients.

    A program begins with one variable, computed from a leaf, and goes on with `rules`: it computes further variables,
    takes views of them, writes to them, walks back, makes a step of gradient descent and starts again. After each rule
    the tensors have to hold what the arrays hold. In the end, and before each step, gradients are compared with
    differences, with everything that was written in between.

    Subclass it to add operations to `functions` and `views`, or rules of your own that call `do`. As with every state
    machine of Hypothesis, ``TestCase`` is what pytest runs, and a failure prints the shortest program that fails.

    Attributes
    ----------
    functions
        Functions of a variable, which return a new one: of a tensor, or of an array.
    views
        Functions that return a view of a variable.
    shape
        The shape of the first variable.
    tensors, arrays
        The variables of the program that runs; those that a rule is given as numbers are counted modulo their length.
    leaf
        What the first variable is computed from.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis.stateful import rule, run_state_machine_as_test
    >>> from autograd import elementwise
    >>> from autograd.testing import TensorMachine
    >>> cube = elementwise(lambda x: x**3, lambda g, x: 3 * g * x * x, name="cube")
    >>> class Programs(TensorMachine):
    ...     functions = {**TensorMachine.functions, "cube": lambda v: cube(np.sin(v))}
    ...
    ...     @rule()
    ...     def halve(self):
    ...         self.do(lambda variables: np.multiply(variables[-1], 0.5, out=variables[-1]))
    >>> run_state_machine_as_test(Programs)  # in a file of tests: TestPrograms = Programs.TestCase
    """

    shape: ClassVar[tuple[int, ...]] = (2, 3)
    functions: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "sine": np.sin,
        "bump": lambda v: np.exp(-v * v),
        "minus": lambda v: -v,
        "copy": lambda v: v.copy(),
    }
    views: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "row": lambda v: v[0] if v.ndim > 1 else v[:1],
        "rows from the second": lambda v: v[1:],
        "backwards": lambda v: v[::-1],
        "every other": lambda v: v[..., ::2],
        "transposed": lambda v: v.T,
        "flat": lambda v: v.reshape(-1),
        "with an axis": lambda v: v[None],
        "gathered": lambda v: v[[0, -1, 0]],
    }

    @initialize(seed=st.integers(0, 3))
    def start(self, seed: int) -> None:
        """Draw the leaf."""
        self._failing = False  # whether a check of the gradient has failed, or goes on
        self.x: Array = np.random.default_rng(seed).uniform(0.25, 1.75, self.shape)
        self.leaf = Tensor(self.x.copy(), requires_grad=True)
        self._begin()

    def _begin(self) -> None:
        self.program: list[Instruction] = []
        self.tensors, self.arrays = self.replay(self.leaf), self.replay(self.x)

    def do(self, instruction: Instruction) -> None:
        """Do something to the variables, tensors and arrays alike, unless it is an error for arrays.

        Parameters
        ----------
        instruction
            Takes the list of all variables. What it returns is a new variable, unless that is None.
        """
        try:
            instruction(self.replay(self.x))
        except (ValueError, IndexError, TypeError):
            return
        self.program.append(instruction)
        for variables in (self.tensors, self.arrays):
            _keep(variables, instruction(variables))

    def replay(self, x: Array | Tensor) -> Variables:
        """Return the variables of the program so far, computed anew from another leaf: a tensor or an array."""
        variables = [x * 1.0]
        for instruction in self.program:
            _keep(variables, instruction(variables))
        return variables

    @staticmethod
    def loss(variables: Variables) -> Any:
        """Return the number that is differentiated: a sum of all variables, each element with a weight of its own."""
        total = 0.0
        for number, v in enumerate(variables):
            total = total + (v.reshape(-1) * np.linspace(0.5 + number / 64, 1.5, v.size)).sum()
        return total

    @precondition(lambda self: len(self.tensors) < MOST)
    @rule(of=variable, name=name_in("functions"))
    def compute(self, of: int, name: str) -> None:
        """Compute a variable from another one."""
        self.do(lambda variables: self.functions[name](variables[of % len(variables)]))

    @precondition(lambda self: len(self.tensors) < MOST)
    @rule(of=variable, by=variable)
    def combine(self, of: int, by: int) -> None:
        """Compute a variable from two others."""
        self.do(lambda variables: variables[of % len(variables)] * np.cos(variables[by % len(variables)].sum()))

    @precondition(lambda self: len(self.tensors) < MOST)
    @rule(of=variable, name=name_in("views"))
    def view(self, of: int, name: str) -> None:
        """Take a view of a variable."""
        self.do(lambda variables: self.views[name](variables[of % len(variables)]))

    @rule(of=variable, key=st.sampled_from(KEYS), number=st.floats(-1, 1))
    def write_a_number(self, of: int, key: Key, number: float) -> None:
        """Write a number to a part of a variable."""
        self.do(lambda variables: variables[of % len(variables)].__setitem__(key, number))

    @rule(of=variable, key=st.sampled_from(KEYS), source=variable, part=st.sampled_from(KEYS))
    def write_a_variable(self, of: int, key: Key, source: int, part: Key) -> None:
        """Write a part of a variable to a part of another one."""
        self.do(
            lambda variables: variables[of % len(variables)].__setitem__(key, variables[source % len(variables)][part])
        )

    @rule()
    def walk(self) -> None:
        """Walk back, and keep the graph."""
        total = self.loss(self.tensors)
        if total.requires_grad:  # a rounded program has no derivative
            total.backward(retain_graph=True)

    @rule(of=variable)
    def watch(self, of: int) -> None:
        """Register a hook, and retain the gradient of a variable."""
        t = self.tensors[of % len(self.tensors)]
        if t.requires_grad:
            t.register_hook(lambda g: None)
            t.retain_grad()

    @rule(of=variable, out=st.booleans())
    def read(self, of: int, out: bool) -> None:
        """Read the values of a variable."""
        t = self.tensors[of % len(self.tensors)]
        assert (t.detach() if out else t).data.shape == t.shape

    @precondition(lambda self: self.program)
    @rule()
    def step(self) -> None:
        """Make a step of gradient descent in place, and begin a new program."""
        self.check_gradient()
        direction = np.tanh(self.gradient())
        with no_grad():
            self.leaf -= 0.1 * direction
        self.x = self.leaf.data.copy()
        self._begin()

    def gradient(self) -> Array:
        """Return the gradient of the loss of the program that ran, with respect to the leaf."""
        total = self.loss(self.tensors)
        (found,) = gradients(total, self.leaf, retain_graph=True, allow_unused=True) if total.requires_grad else (None,)
        return np.zeros(self.shape) if found is None else found.data

    @invariant()
    def values_are_those_of_arrays(self) -> None:
        """Compare each tensor with the array of the same program."""
        arrays = getattr(self, "arrays", [])
        largest = max([1.0, *(float(np.max(np.abs(array), initial=0)) for array in arrays)])
        for t, array in zip(getattr(self, "tensors", []), arrays, strict=True):
            assert t.shape == array.shape, f"a tensor has shape {t.shape} where the array has {array.shape}"
            same = np.allclose(t.data, array, rtol=1e-12, atol=1e-13 * largest, equal_nan=True)
            assert same, f"a tensor holds {t.data} where the array holds {array}"

    def check_gradient(self) -> None:
        """Compare the gradient of the program that ran with differences of its loss."""
        ran = self.gradient()
        if not self.loss(self.tensors).requires_grad:
            return
        self._failing = True
        found = gradcheck(lambda x: self.loss(self.replay(x)), self.x, raise_exception=False, fast_mode=True)
        assert found.ok or not found.compared, str(found)
        (again,) = gradients(self.loss(self.replay(leaf := Tensor(self.x, requires_grad=True))), leaf)
        same = np.allclose(ran, again.data, rtol=1e-12, atol=1e-13)
        assert same, f"the gradient of the program was {ran}, and is {again.data} where it runs anew"
        self._failing = False

    def teardown(self) -> None:
        """Check the gradient of the whole program, unless that is what failed."""
        if hasattr(self, "program") and not self._failing:
            self.check_gradient()


def _keep(variables: Variables, result: Any) -> None:
    """Keep what an instruction made; a number as an array, which can be written to as a tensor can."""
    if result is not None:
        variables.append(result if isinstance(result, Tensor) else np.asarray(result))
