"""`check` with functions of JAX."""

from collections.abc import Iterator
from typing import Any

import pytest

from autograd import GradientCheckError
from autograd.testing import check

jax = pytest.importorskip("jax", reason="compares with JAX: pip install -e '.[jax]'")


@pytest.fixture(autouse=True)
def _nothing_compiled_stays() -> Iterator[None]:
    yield
    jax.clear_caches()


def test_a_right_function_passes_in_double_precision() -> None:
    report = check(lambda x: jax.numpy.sum(jax.numpy.sin(x), -1), engine="jax", signature="(2,3)", profile="quick")
    assert report.compared > 20


@jax.custom_vjp  # type: ignore[untyped-decorator]  # JAX's types say nothing of it
def wrong(x: Any) -> Any:
    return x * x


wrong.defvjp(lambda x: (x * x, x), lambda x, g: (2 * g * jax.numpy.where(x < 0, -x, x),))


def test_a_rule_that_is_wrong_for_negative_numbers_is_found() -> None:
    with pytest.raises(GradientCheckError, match=r"by the graph but .* by differences"):
        check(wrong, engine="jax", signature="(3)", domain=(-3, 3), profile="quick")
