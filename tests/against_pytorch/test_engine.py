"""`check` with functions of PyTorch."""

from typing import Any

import pytest

from autograd import GradientCheckError
from autograd.testing import check

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (torch.tanh, {}),
        (lambda x, y: torch.maximum(x, y), {}),
        (lambda x, dim: torch.logsumexp(x, dim), {"keywords": {"dim": [0, -1]}, "signature": "(m,n)"}),
        (lambda x: torch.aminmax(x, dim=1), {"signature": "(3,2)"}),
        (torch.frac, {}),
    ],
)
def test_right_functions_pass(function: Any, options: dict[str, Any]) -> None:
    assert check(function, engine="torch", profile="quick", **options).compared > 20


class Wrong(torch.autograd.Function):  # type: ignore[name-defined,misc]  # PyTorch does not export it by name
    @staticmethod
    def forward(context: Any, x: Any) -> Any:
        context.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        (x,) = context.saved_tensors
        return gradient * (2 * x if x.is_contiguous() else x)


def test_a_rule_that_depends_on_the_layout_is_found() -> None:
    with pytest.raises(GradientCheckError, match="depends on the layout of the inputs"):
        check(Wrong.apply, engine="torch", like=[1.0], profile="quick")
