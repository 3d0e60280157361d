"""Writing files whole or not at all, and the file of a trained network."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

import nn

__all__ = ["UsageError", "check_writable", "layer_sizes", "load_model", "replacing", "save_model"]

Array = np.ndarray[Any, Any]


class UsageError(ValueError):
    """A file, a folder or an option that cannot be used; the message says what to do."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` once it is complete; until then, and on errors, `path` stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notes.txt")
    ...     with replacing(path) as stream:
    ...         _ = stream.write(b"whole")
    ...     path.read_text(), len(list(Path(folder).iterdir()))
    ('whole', 1)
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Raise before hours of work, not after them, if `folder` cannot be written to; nothing is created yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise UsageError(f"{existing} is a file, where a folder is to be written: choose another --out")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"{existing} cannot be written to: choose another --out")


def save_model(model: nn.Module, path: Path) -> None:
    """Write the parameters of `model` to a NumPy archive, which `numpy.load` and `load_model` read."""
    state: dict[str, Any] = dict(model.state_dict())
    with replacing(path) as stream:
        np.savez(stream, **state)


def load_model(path: Path) -> nn.MLP:
    """Return the network whose parameters `save_model` wrote; its layers have the sizes that these have.

    Raises
    ------
    UsageError
        If there is no such file, or it holds something else.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file. Train a model with: python -m examples.mnist")
    state = _read_state(path)
    try:
        model = nn.MLP(layer_sizes(state))
        model.load_state_dict(state)
    except (RuntimeError, ValueError, IndexError) as error:
        raise _not_a_model(path) from error
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


def _read_state(path: Path) -> dict[str, Array]:
    if not zipfile.is_zipfile(path):
        raise _not_a_model(path)
    try:
        with np.load(path) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _not_a_model(path) from error


def _not_a_model(path: Path) -> UsageError:
    return UsageError(f"{path}: is not a model that examples.mnist saved, such as runs/mnist/model.npz, or is damaged")
