"""States of PyTorch as states of plaingrad."""

from typing import Any


def as_numpy(state: Any) -> Any:
    """Return a state of PyTorch with ndarrays for its tensors."""
    if isinstance(state, dict):
        return {name: as_numpy(value) for name, value in state.items()}
    if isinstance(state, list):
        return [as_numpy(value) for value in state]
    return state.numpy().copy() if hasattr(state, "numpy") else state
