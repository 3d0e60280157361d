"""Save and load weights and training states: NumPy's .npz archives, and safetensors."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from autograd.extend import replacing

from ._arguments import Array, explained
from ._safetensors import is_reserved, parse_json, read_safetensors, write_safetensors
from ._trees import pack, unpack
from .module import Module

__all__ = ["load", "save"]


_INDEX = ".safetensors.index.json"  # the suffix of an index, which says which file holds which array
_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")


def save(state: Module | Mapping[Any, Any], path: str | os.PathLike[str]) -> None:
    """Save the parameters and buffers of a model, or the state of a whole training run, to a file.

    The suffix of `path` chooses the format. `.npz` is NumPy's, and holds every dtype except objects. `.safetensors` is
    the exchange format of Hugging Face and PyTorch. In both, arrays are stored in C order. The file is replaced
    atomically, as by `nn.utils.replacing`: after an error or an interruption, the previous file is still there.

    A parameter that a model holds under several names is written to `.safetensors` once, and the file lists its other
    names, as ``safetensors.torch.save_model`` does: `load` and ``safetensors.torch.load_model`` restore all of them.
    Given ``model.state_dict()`` instead, every name is written.

    Parameters
    ----------
    state
        A module, or the result of its `state_dict`: arrays or tensors by name. Or any dict of numbers, strings, None,
        arrays, and dicts, lists and tuples of them, such as the states of optimizers and schedulers: `load` returns
        the same dict, with arrays instead of tensors. Keys are strings and integers.
    path
        A file in a folder that exists, ending in ``.npz`` or ``.safetensors``.

    Raises
    ------
    ValueError
        If the suffix is neither of these, or a name cannot be written.
    TypeError
        If a value cannot be saved, or has a dtype that the format lacks; the message names its path. If the path is
        given first.
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile, nn
    >>> model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save(model, f"{folder}/model.npz")
    ...     other.load_state_dict(nn.load(f"{folder}/model.npz"))
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> bool((other.weight == model.weight).all())
    True
    >>> optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    ...     nn.save(state, f"{folder}/training.npz")
    ...     state = nn.load(f"{folder}/training.npz")
    >>> optimizer.load_state_dict(state["optimizer"])
    >>> state["epoch"]
    3
    """
    if not isinstance(path, str | os.PathLike):
        order = ": the path comes second, nn.save(state, path)" if isinstance(state, str | os.PathLike) else ""
        raise TypeError(f"save() takes the path of a file as its second argument, not {type(path).__name__}{order}")
    path = Path(path)
    suffix = _suffix(path)
    shared: dict[str, str] = {}
    if isinstance(state, Module):
        if suffix == ".safetensors":
            shared = _shared_names(state)
        state = {name: array for name, array in state.state_dict().items() if name not in shared}
    if not isinstance(state, Mapping):
        raise TypeError(f"save() takes a module or a dict, such as a state_dict(), not {type(state).__name__}")
    arrays, description = pack(state)
    with replacing(path) as partial:
        if suffix == ".safetensors":
            write_safetensors(arrays, description, partial, shared)
        else:
            from ._npz import write_npz  # here, because its imports are slow

            write_npz(arrays, description, partial)


@explained("usage of load")
def load(path: str | os.PathLike[str]) -> dict[Any, Any]:
    """Load a file that `save`, NumPy or a program with PyTorch wrote: arrays by name, or the dict given to `save`.

    Nothing in the file is executed: arrays of Python objects, which are pickles, are an error. bfloat16, which NumPy
    lacks, becomes float32, exactly.

    Files written by `save` have checksums: they are read exactly as written, or not at all. Other `.safetensors` files
    have none; only their lengths and names can be checked.

    Large models come in several files with an index: given the index, the arrays of all files are read.

    Parameters
    ----------
    path
        A file whose name ends in ``.npz`` or ``.safetensors``, or an index that ends in ``.safetensors.index.json`` and
        whose files are in the same folder.

    Returns
    -------
    dict
        Arrays for `Module.load_state_dict`, or the dict of several states. The arrays are writable, and share memory
        only between names that the file declares to be one array.

    Raises
    ------
    ValueError
        If the suffix is none of these, or the file is damaged or has a dtype that NumPy lacks, or an index names arrays
        that its files do not hold.
    FileNotFoundError
        If there is no such file, or one that an index names is missing.

    Examples
    --------
    >>> import tempfile, nn
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save({"steps": np.arange(3)}, f"{folder}/state.npz")
    ...     nn.load(f"{folder}/state.npz")
    {'steps': array([0, 1, 2])}
    """
    path = Path(path)
    if path.name.lower().endswith(_INDEX):
        return _State(_read_parts(path))
    suffix = _suffix(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    arrays, description = _read_safetensors(path) if suffix == ".safetensors" else _read_npz(path)
    if description is None:
        return _State(arrays)
    try:
        return _State(unpack(arrays, description))
    except ValueError as error:
        raise _damaged(path, error) from error


class _State(dict[str, Any]):
    """What a file holds; a module is what some would call."""

    def __call__(self, *args: Any) -> NoReturn:
        raise TypeError(
            "nn.load() returns the weights, a dict: model.load_state_dict(nn.load(path)) puts them into a model"
        )


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in (".npz", ".safetensors"):
        return suffix
    remedy = ""
    if suffix in _PICKLES:
        remedy = (
            ". Such files are pickles, which can run any program as they are read; where PyTorch is installed, save "
            "the weights again with safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
        )
    raise ValueError(f"{path}: the name of a file of weights should end in .npz or .safetensors{remedy}")


def _shared_names(module: Module) -> dict[str, str]:
    """Return the further names of shared parameters, each with the first name."""
    first: dict[int, str] = {}
    names = ((name, first.setdefault(id(p), name)) for name, p in module.named_parameters(remove_duplicate=False))
    return {name: kept for name, kept in names if name != kept and not is_reserved(name)}


def _read_npz(path: Path) -> tuple[dict[str, Array], str | None]:
    from ._npz import DAMAGE, read_npz

    try:
        return read_npz(path)
    except DAMAGE as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to before the beginning of the file
            raise
        raise _damaged(path, error) from error


def _read_safetensors(path: Path) -> tuple[dict[str, Array], str | None]:
    try:
        return read_safetensors(path)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from error


def _read_parts(path: Path) -> dict[str, Array]:
    """Read the files that an index of Hugging Face names, ``{"weight_map": {name: file}}``, in the same folder."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        places = parse_json(path.read_text(encoding="utf-8"))["weight_map"]
        files = sorted(set(places.values()))
        outside = [file for file in files if Path(file).name != file or not file.isprintable()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from error
    if outside:
        raise ValueError(f"{path} names {outside[0]!r}, but files of weights are beside their index")
    if missing := [file for file in files if not (path.parent / file).is_file()]:
        raise FileNotFoundError(f"{path} names {len(files)} files, but there is no {', '.join(missing)} there")
    held = {file: load(path.parent / file) for file in files}
    if absent := [name for name, file in places.items() if name not in held[file]]:
        raise ValueError(
            f"{path} says that {places[absent[0]]} holds {absent[0]!r}, but it does not ({len(absent)} of "
            f"{len(places)} arrays are missing): the index and the files are of different models"
        )
    further = {name: array for arrays in held.values() for name, array in arrays.items() if name not in places}
    return {name: held[file][name] for name, file in places.items()} | further


def _damaged(path: Path, error: Exception) -> ValueError:
    reason = str(error) or type(error).__name__
    return ValueError(f"{path} is damaged, or is no {path.suffix} file ({reason}): write or download it anew")
