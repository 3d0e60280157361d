"""Planted errors are there, and are taken back."""

import numpy as np
import pytest

import autograd
from autograd import Tensor
from tests.planted.catalogue import catalogue
from tests.planted.kinds import KINDS
from tests.planted.planting import Planted, plant
from tests.planted.showing import PROBES, differ
from tests.planted.subjects import SUBJECTS


@pytest.mark.thorough
def test_the_catalogue_is_of_many_kinds_and_operations() -> None:
    pairs = catalogue()
    assert {pair.kind for pair in pairs} == set(KINDS)
    assert {pair.operation for pair in pairs} == set(SUBJECTS)
    assert len(KINDS) >= 79
    assert len(SUBJECTS) >= 81
    assert len(pairs) >= 350


@pytest.mark.one_in(6)
@pytest.mark.parametrize("group", sorted({kind.group for kind in KINDS.values()}))
def test_each_error_shows(group: str) -> None:
    hidden = [str(pair) for pair in catalogue() if pair.error.group == group and not pair.shows()]
    assert not hidden


@pytest.mark.one_in(3)
@pytest.mark.parametrize("probe", sorted(PROBES))
@pytest.mark.filterwarnings("ignore:the gradient of a tensor:RuntimeWarning")
def test_nothing_shows_where_a_right_rule_is_planted(probe: str) -> None:
    right = Planted(rule=lambda right, at: right(), forward=lambda right, args, state: right(*args))
    for pair in catalogue():
        if pair.error.probe == probe:
            example = pair.error.example(pair.subject, pair.index)
            with np.errstate(all="ignore"):
                before = PROBES[probe](pair.subject.function, example)
                with plant(pair.subject, right, pair.index) as function:
                    assert not differ(before, PROBES[probe](function, example)), str(pair)


def test_an_error_is_taken_back_even_where_something_raised() -> None:
    slope = autograd.grad(np.sin)

    def planted() -> None:
        with plant(SUBJECTS["sin"], KINDS["sign"].error):
            assert slope(0.0) == -1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        planted()
    assert slope(0.0) == 1


def test_an_error_is_met_by_whatever_name_the_operation_has() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with plant(SUBJECTS["square"], KINDS["twice"].error):
        np.square(x).sum().backward()
    assert x.grad is not None
    assert x.grad.data.tolist() == [4, 8]
    with plant(SUBJECTS["var"], KINDS["no_gradient"].error):
        assert autograd.grad(lambda x: x.var())(np.arange(3.0)).tolist() == [0, 0, 0]


@pytest.mark.thorough
def test_another_seed_draws_another_catalogue() -> None:
    assert set(catalogue(1, 1)) - set(catalogue(0, 1))
