"""Random programs on two leaves."""

from typing import Any

import hypothesis.strategies as st
import numpy as np

OPERATIONS: list[Any] = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - 2.0 * y,
    lambda x, y: (x * x + 1.5) / (y * y + 1.0),
    lambda x, y: np.tanh(x),
    lambda x, y: np.exp(np.tanh(y)),
]


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    length = draw(st.integers(1, 12))
    return [
        (
            draw(st.integers(0, len(OPERATIONS) - 1)),
            draw(st.integers(0, step + 1)),
            draw(st.integers(0, step + 1)),
        )
        for step in range(length)
    ]


def computed(program: list[tuple[int, int, int]], results: list[Any]) -> Any:
    for operation, first, second in program:
        results.append(OPERATIONS[operation](results[first], results[second]))
    return results[-1]
