"""Every program that the tests print is walked through in order: see `in_order`."""

from typing import Any

import pytest

from autograd.transforms.compile import compiled_program, printer

from .in_order import checked


@pytest.fixture(autouse=True)
def programs_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed_in_order(program: Any, leaves: Any, name: str) -> Any:
        return checked(printer.printed(program, leaves, name), program)

    monkeypatch.setattr(compiled_program, "printed", printed_in_order)
