"""Weights in files: NumPy's archives, and safetensors as PyTorch's models come in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, borrow

from ._files import replacing
from .module import Module

__all__ = ["load", "save"]

Array = np.ndarray[Any, Any]

_INDEX = ".safetensors.index.json"  # how the name of a file ends that says which file holds what
_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
# What a safetensors file calls the dtypes that NumPy has.
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
_WRITTEN = {np.dtype(code).newbyteorder("=") for code in _DTYPES.values()}


def save(state: Module | Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the parameters and buffers of a model, or any arrays with names, to a file.

    The suffix of `path` chooses the format. `.npz` is NumPy's, and holds every dtype but objects. `.safetensors` is
    what Hugging Face and PyTorch exchange; it needs ``pip install 'plaingrad[safetensors]'``. In both the arrays lie
    in the order of C. The file appears when it is complete: an error, or an interruption, leaves what was there.

    A parameter that a model holds under several names is written to `.safetensors` once, and the file says which
    names it has, as ``safetensors.torch.save_model`` does: `load` gives all of them, and so does
    ``safetensors.torch.load_model``. The names in ``model.state_dict()`` are all written.

    Parameters
    ----------
    state
        A module, or what its `state_dict` returns: arrays or tensors by name.
    path
        A file in a folder that exists, ending in ``.npz`` or ``.safetensors``.

    Raises
    ------
    ValueError
        If the suffix is another, or a name cannot be written.
    TypeError
        If something is no array, or has a dtype that the format lacks.
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
    """
    path = Path(path)
    write = {".npz": _write_npz, ".safetensors": _write_safetensors}[_suffix(path)]
    shared: dict[str, str] = {}
    if isinstance(state, Module):
        if write is _write_safetensors:
            shared = _shared_names(state)
        state = state.state_dict()
    arrays = {name: _array(name, value) for name, value in state.items() if name not in shared}
    with replacing(path) as partial:
        write(arrays, partial, shared)


def load(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read the arrays of a file that `save`, NumPy or a program with PyTorch wrote, by name.

    Nothing in the file is run: arrays of Python objects, which are pickles, are an error. bfloat16, which NumPy
    lacks, becomes float32, exactly.

    Large models come in several files, with an index of what is where: given that, the arrays of all are read.

    Parameters
    ----------
    path
        A file whose name ends in ``.npz`` or ``.safetensors``, or an index that ends in ``.safetensors.index.json`` and
        whose files are beside it.

    Returns
    -------
    dict
        For `Module.load_state_dict`. The arrays can be written to, and share no memory but that of names that the
        file says are one.

    Raises
    ------
    ValueError
        If the suffix is another, or the file is damaged or has a dtype that NumPy lacks, or an index names arrays that
        its files do not hold.
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
        return _read_parts(path)
    read = {".npz": _read_npz, ".safetensors": _read_safetensors}[_suffix(path)]
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return read(path)


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in (".npz", ".safetensors"):
        return suffix
    remedy = ""
    if suffix in _PICKLES:
        remedy = (
            ". Such files are pickles, which can run any program as they are read; where PyTorch is installed, write "
            "the weights anew with safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
        )
    raise ValueError(f"{path}: the name of a file of weights should end in .npz or .safetensors{remedy}")


def _array(name: Any, value: Any) -> Array:
    """Return a value as an array in the order of C and the bytes of this machine."""
    if not isinstance(name, str):
        raise TypeError(f"the names of arrays are strings, not {name!r}")
    if name == "__metadata__" or not name.isprintable():
        raise ValueError(f"{name!r} cannot name an array in a file: choose a name of printable characters")
    array = np.asarray(borrow(value) if isinstance(value, Tensor) else value)
    if array.dtype.hasobject or array.dtype.kind not in "?biufcSUmM":
        raise TypeError(
            f"{name!r} is {type(value).__name__} (dtype {array.dtype}), which cannot be written: convert it to one of "
            f"NumPy's own dtypes, such as with astype(np.float32)"
        )
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _shared_names(module: Module) -> dict[str, str]:
    """Return the further names of parameters that have several, each with the first."""
    first: dict[int, str] = {}
    names = ((name, first.setdefault(id(p), name)) for name, p in module.named_parameters(remove_duplicate=False))
    return {name: kept for name, kept in names if name != kept}


# NumPy's archives: zip files with one array each. They are written and read member by member, for `numpy.savez` cannot
# write an array that is named "file", and `numpy.load` confuses "x.npy" with "x".


def _write_npz(arrays: dict[str, Array], path: Path, shared: dict[str, str]) -> None:
    import zipfile  # a module that takes long to import, like those below

    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(path: Path) -> dict[str, Array]:
    import zipfile
    import zlib

    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as stream:
                    arrays[member.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{path}: {member!r} is an array of Python objects. Reading those can run any program, and so they are "
                f"refused: save arrays of numbers"
            ) from error
        raise _damaged(path, error) from error
    return arrays


# safetensors: a header in JSON, then the bytes of all arrays


def _library() -> Any:
    try:
        import safetensors
    except ImportError as error:
        raise ImportError("files in .safetensors need a package: pip install 'plaingrad[safetensors]'") from error
    return safetensors


def _write_safetensors(arrays: dict[str, Array], path: Path, shared: dict[str, str]) -> None:
    _library()
    from safetensors.numpy import save_file

    for name, array in arrays.items():
        if array.dtype not in _WRITTEN:
            raise TypeError(f"{name!r} has dtype {array.dtype}, which safetensors lacks: convert it, or save to .npz")
    save_file(arrays, path, {"format": "np", **shared})


def _read_safetensors(path: Path) -> dict[str, Array]:
    import json

    library, content = _library(), path.read_bytes()
    try:
        entries = library.deserialize(content)
    except library.SafetensorError as error:
        raise _damaged(path, error) from error
    arrays = {name: _from_bytes(path, name, **entry) for name, entry in sorted(entries)}
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    for name, kept in header.get("__metadata__", {}).items():
        if name not in arrays and kept in arrays:  # what shares its memory is written once
            arrays[name] = arrays[kept]
    return arrays


def _read_parts(path: Path) -> dict[str, Array]:
    """Read the files that an index names, beside it: ``{"weight_map": {name: file}}``, as Hugging Face writes it."""
    import json

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        places = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        files = sorted(set(places.values()))
        outside = [file for file in files if Path(file).name != file]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error
    if outside:
        raise ValueError(f"{path} names {outside[0]!r}, but files of weights are beside their index")
    if missing := [file for file in files if not (path.parent / file).is_file()]:
        raise FileNotFoundError(f"{path} names {len(files)} files, but there is no {', '.join(missing)} beside it")
    held = {file: load(path.parent / file) for file in files}
    if absent := [name for name, file in places.items() if name not in held[file]]:
        raise ValueError(
            f"{path} says that {places[absent[0]]} holds {absent[0]!r}, but it does not ({len(absent)} of "
            f"{len(places)} arrays are missing): the index and the files are of different models"
        )
    return {name: held[file][name] for name, file in places.items()}


def _from_bytes(path: Path, name: str, dtype: str, shape: list[int], data: bytearray) -> Array:
    if dtype == "BF16":  # the first half of the bits of a float32
        bits = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return bits.view(np.float32).reshape(shape)
    if dtype not in _DTYPES:
        raise ValueError(
            f"{path}: {name!r} has the dtype {dtype}, which NumPy lacks: convert it where it was made, such as with "
            f"tensor.to(torch.float32)"
        )
    return np.frombuffer(data, _DTYPES[dtype]).reshape(shape)


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} is damaged, or is no {path.suffix} file ({error}): write or download it anew")
