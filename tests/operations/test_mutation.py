"""The suite tests every rule: with any one of them made wrong, it fails.

Each rule is made wrong in one way. ``pytest --hypothesis-profile=thorough tests/operations/test_mutation.py`` tries all
ways that make them wrong.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import autograd
from autograd import GradientCheckError, Tensor
from autograd.calculus import zero
from autograd.primitives.multi_output import ManyOutputs
from autograd.primitives.primitive import Primitive, Rule
from autograd.tensors.dispatch import operations
from autograd.testing._check_operation import FEW, check_at
from autograd.testing.comparisons.compare import compare_directions, compare_elements
from autograd.testing.comparisons.point import Measure, Point
from autograd.testing.subjects.subject import Subject, gradient_subject, quiet

from ..thorough import THOROUGH, turn
from .calls import Call, Function
from .samples import OPERATIONS, SAMPLES, Operation

# What is zero stays zero when it is scaled.
# What is so but for heaviside at 0, where differences cannot check the other derivative.
ZERO = {("heaviside", 1), ("gammasgn", 0)}
# Their derivatives do not depend on the inputs, but for jumps.
PIECEWISE_LINEAR = {
    "max_pool",
    "absolute", "clip", "copysign", "fabs", "fmax", "fmax_accumulate", "fmax_reduce", "fmin", "fmin_accumulate",
    "fmin_reduce", "fmod", "gammasgn", "hardshrink", "hardtanh", "leaky_relu", "max", "maximum", "maximum_accumulate",
    "heaviside", "median", "min", "minimum", "minimum_accumulate",
    "nanmax", "nanmean", "nanmedian", "nanmin", "relu", "remainder", "threshold", "unwrap",
}  # fmt: skip


def detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    if hasattr(value, "_fields"):
        return type(value)(*map(detached, value))
    return type(value)(map(detached, value)) if isinstance(value, list | tuple) else value


def rewritten(rule: Rule, body: str, **names: Any) -> Rule:
    """Return a rule with the parameters of `rule`, which say what it is given, and with another body."""
    parameters = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    source = f"lambda {', '.join(parameters)}: {body}"
    source = source.replace("ALL", ", ".join(parameters))
    source = source.replace("CUT", ", ".join(("g", *(f"detached({name})" for name in parameters[1:]))))
    return eval(source, {"rule": rule, "__name__": rule.__module__, **names})  # type: ignore[no-any-return]


MUTATIONS: dict[str, Callable[[Rule], Rule]] = {
    "scaled": lambda rule: rewritten(rule, "rule(ALL) * -1.5"),
    "shifted": lambda rule: rewritten(rule, "rule(ALL) + 0.25"),
    "not recorded": lambda rule: rewritten(rule, "rule(CUT)", detached=detached),
}


def applies(mutation: str, declared: Primitive, index: int) -> bool:
    """Tell whether the mutation makes the rule of one input wrong."""
    if mutation == "not recorded":
        variable = {"out", *(declared.parameters[: len(declared.rules)])}
        return bool(variable.intersection(declared.needs[index])) and declared.name not in PIECEWISE_LINEAR
    return mutation == "shifted" or not (declared.rules[index] is zero or (declared.name, index) in ZERO)


@contextmanager
def mutated(declared: Primitive, index: int, mutation: str) -> Iterator[Function]:
    """Declare the operation anew with one rule made wrong."""
    rules = list(declared.rules)
    rules[index] = MUTATIONS[mutation](rules[index])
    declare = getattr(autograd, declared.kind)
    options = {"variadic": True} if declared.variadic else {}
    if isinstance(declared, ManyOutputs):
        options["outputs"] = True

    def key() -> None:
        """Stand for the function, so that the registry keeps the right operation too."""

    try:
        yield declare(key, *rules, forward=declared.forward, name=declared.name, **options)
    finally:
        operations.pop(key, None)


@cache
def examples(operation: Operation, count: int) -> list[Call]:
    found: list[Call] = []

    @settings(max_examples=count, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(SAMPLES[operation.key].calls)
    def collect(call: Call) -> None:
        found.append(call)

    collect()
    return found


def fails(call: Call, function: Function, order: int) -> bool:
    """Tell whether what `check_operation` looks at finds something; at order 2, derivatives of the gradient alone."""
    try:
        if order == 1:
            check_at(call.bind(function), call.inputs)
            return False
        with quiet():
            place = Point(gradient_subject(Subject(call.bind(function), list(call.inputs))))
            found = compare_directions(place, Measure(), np.random.default_rng(0))
            if place.here.size * sum(x.size for x in place.arrays) <= FEW:
                found = itertools.chain(found, compare_elements(place, Measure()))
            return any(finding.excess > 1 for finding in found)
    except GradientCheckError:
        return True


def cost(call: Call) -> tuple[bool, int]:
    """Return a key that puts small arrays first, and last those that are empty, which show little."""
    sizes = [x.size for x in call.inputs]
    return 0 in sizes, sum(sizes)


declared_once: dict[Primitive, Operation] = {}
for operation in OPERATIONS:
    if operation.declared is not None and operation.key in SAMPLES:
        declared_once.setdefault(operation.declared, operation)


def tried(declared: Primitive, index: int) -> list[str]:
    """Return the mutations of the rule of one input that make it wrong, or one of them."""
    wrong = [mutation for mutation in MUTATIONS if applies(mutation, declared, index)]
    return wrong if THOROUGH else [wrong[turn(f"{declared.name} {index}", len(wrong))]]


RULES = [
    pytest.param(operation, index, mutation, id=f"{operation}-{index}-{mutation}")
    for declared, operation in declared_once.items()
    for index in range(len(declared.rules))
    for mutation in tried(declared, index)
]


@pytest.mark.one_in(32)
@pytest.mark.parametrize(("operation", "index", "mutation"), RULES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_rule_is_caught(operation: Operation, index: int, mutation: str) -> None:
    assert operation.declared is not None
    with mutated(operation.declared, index, mutation) as wrong:
        order = 2 if mutation == "not recorded" else 1
        tries = (sorted(examples(operation, count), key=cost) for count in (5, 25, 125))
        assert any(fails(call, wrong, order) for calls in tries for call in calls)


def test_the_sample_has_mutants_of_all_kinds_and_of_many_operations() -> None:
    assert {parameters.values[2] for parameters in RULES} == MUTATIONS.keys()
    assert len({str(parameters.values[0]) for parameters in RULES}) > 150


def test_the_mutants_differ_from_the_operation_in_the_rule_alone() -> None:
    sine = next(operation for operation in OPERATIONS if operation.key is np.sin)
    assert sine.declared is not None
    before = dict(operations)
    with mutated(sine.declared, 0, "scaled") as wrong:
        x = Tensor(np.array([0.0, 1.0]), requires_grad=True)
        y = wrong(x)
        y.backward(np.ones(2))
        assert np.array_equal(y.data, np.sin(x.data))
        assert np.array_equal(x.grad.data, -1.5 * np.cos(x.data))
    assert operations == before
