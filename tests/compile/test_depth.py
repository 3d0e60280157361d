"""What is nested deeply is compiled in time that grows with the depth, or an error says so at once."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, compile
from autograd.transforms.compile.environment import reader

X = np.ones((1, 2), np.float32)


class Nested(nn.Module):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x) * 1.5


def nested(depth: int) -> nn.Module:
    model: nn.Module = nn.Tanh()
    for _ in range(depth):
        model = Nested(model)
    return model


def nested_list(depth: int) -> Any:
    tree: Any = X
    for _ in range(depth):
        tree = [tree]
    return tree


def test_what_a_deep_model_reads_is_found_in_time_that_grows_with_its_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    original = reader.Reader._attributes

    def counted(reader: Any, *args: Any) -> None:
        counts[-1] += 1
        original(reader, *args)

    monkeypatch.setattr(reader.Reader, "_attributes", counted)
    for depth in (40, 80):
        counts.append(0)
        model = nested(depth)
        function = compile(model)
        for _ in range(2):
            assert np.array_equal(function(X).data, model(X).data)
        assert len(function.programs) == 1
    assert counts[1] < 2.5 * counts[0]


@pytest.mark.thorough
@pytest.mark.parametrize("fallback", ["raise", "eager"])
def test_a_model_that_is_too_deep(fallback: Any) -> None:
    with pytest.raises(CompileError, match=r"deeper than the \d+ calls .* sys.setrecursionlimit"):
        compile(nested(600), fallback=fallback)(X)


@pytest.mark.parametrize("tree", [nested_list(5000), {"a": nested_list(5000)}], ids=["list", "dict"])
def test_arguments_may_be_nested_to_any_depth(tree: Any) -> None:
    function = compile(lambda tree, x: x * 2)
    assert all(np.array_equal(function(tree, X), X * 2) for _ in range(2))
    assert len(function.programs) == 1
