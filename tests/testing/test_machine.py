"""`TensorMachine` finds mistakes that show in whole programs: in rules, in what is kept, in what is written to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from autograd import Function, elementwise
from autograd.testing import TensorMachine

SETTINGS = settings(
    max_examples=200, stateful_step_count=10, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Forgetful(Function):
    """x squared, with the input of the call before in its rule."""

    last: Any = None

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        ctx.x, Forgetful.last = Forgetful.last, args[0].copy()
        return args[0] ** 2

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        x = ctx.x if ctx.x is not None and ctx.x.shape == g[0].shape else Forgetful.last
        return 2 * g[0] * x


right = elementwise(lambda x: x * x, lambda g, x: 2 * g * x, name="right")
half = elementwise(lambda x: x * x, lambda g, x: g * x, name="half")
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "half the gradient": lambda v: half(np.sin(v)),
    "the input of another call": lambda v: Forgetful.apply(np.sin(v)),
}


def machine(operation: Callable[[Any], Any]) -> type[TensorMachine]:
    class Programs(TensorMachine):
        functions = {**TensorMachine.functions, "operation": operation}  # noqa: RUF012 # a table, as in the base

        @rule()
        def halve(self) -> None:
            self.do(lambda variables: np.multiply(variables[-1], 0.5, out=variables[-1]))

    return Programs


def test_right_programs_pass() -> None:
    run_state_machine_as_test(machine(lambda v: right(np.sin(v))), settings=settings(SETTINGS, max_examples=50))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", OPERATIONS)
def test_mistakes_are_found(name: str) -> None:
    with pytest.raises(AssertionError, match=r"by the graph but|where it runs anew"):
        run_state_machine_as_test(machine(OPERATIONS[name]), settings=SETTINGS)


def test_a_value_that_differs_from_that_of_arrays_is_found() -> None:
    class Programs(TensorMachine):
        @rule()
        def differ(self) -> None:
            self.do(lambda variables: variables[0] + (not isinstance(variables[0], np.ndarray)))

    with pytest.raises(AssertionError, match="where the array holds"):
        run_state_machine_as_test(Programs, settings=SETTINGS)


def test_a_step_begins_a_new_program_at_the_new_leaf() -> None:
    programs: Any = machine(lambda v: right(np.sin(v)))()
    programs.start(seed=0)
    before = programs.x
    programs.compute(of=0, name="operation")
    programs.write_a_number(of=1, key=0, number=0.5)
    programs.step()
    assert programs.program == []
    assert len(programs.tensors) == 1
    assert np.all(programs.x < before)
    assert np.array_equal(programs.leaf.data, programs.x)
    programs.values_are_those_of_arrays()
    programs.teardown()
