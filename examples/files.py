"""Writing files whole or not at all, and the file of a trained network."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["UsageError", "check_writable", "layer_sizes", "load_model", "save_figure", "save_json"]

Array = np.ndarray[Any, Any]


class UsageError(ValueError):
    """A file, a folder or an option that cannot be used; the message says what to do."""


def check_writable(folder: Path) -> None:
    """Raise before hours of work, not after them, if `folder` cannot be written to; nothing is created yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise UsageError(f"{existing} is a file, where a folder is to be written: choose another --out")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"{existing} cannot be written to: choose another --out")


def save_json(values: dict[str, Any], path: Path) -> None:
    """Write figures as text that a person and a program can read, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_json({"steps": 3}, Path(folder, "metrics.json"))
    ...     print(Path(folder, "metrics.json").read_text(), end="")
    {
      "steps": 3
    }
    """
    with nn.utils.replacing(path) as partial:
        partial.write_bytes(json.dumps(values, indent=2).encode() + b"\n")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture whole or not at all."""
    with nn.utils.replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=150)


def load_model(path: Path) -> nn.MLP:
    """Return the network whose parameters `nn.save` wrote; its layers have the sizes that these have.

    Raises
    ------
    UsageError
        If there is no such file, or it holds something else.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file. Train a model with: python -m examples.mnist")
    try:
        state = nn.load(path)
        model = nn.MLP(layer_sizes(state))
        model.load_state_dict(state)
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise UsageError(
            f"{path}: is not a model that examples.mnist saved, such as runs/mnist/model.npz, or is damaged"
        ) from error
    return model


def layer_sizes(state: dict[str, Array]) -> list[int]:
    """Return the numbers of inputs, hidden units and outputs of the multilayer perceptron with these parameters.

    Examples
    --------
    >>> layer_sizes(nn.MLP([784, 128, 10]).state_dict())
    [784, 128, 10]
    """
    shapes = [array.shape for name, array in state.items() if name.endswith("weight")]
    fits = all(outputs == inputs for (outputs, _), (_, inputs) in pairwise(shapes))
    if not shapes or not fits:
        raise ValueError(f"weights of shapes {shapes} do not follow each other")
    return [shapes[0][1], *(outputs for outputs, _ in shapes)]
