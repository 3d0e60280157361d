"""Pictures are drawn without a screen, and closed after each test."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    plt = pytest.importorskip("matplotlib.pyplot", reason="draws: pip install -e '.[plot]'")
    plt.switch_backend("Agg")
    plt.close("all")  # also those of examples in docstrings that ran before
    yield
    plt.close("all")
