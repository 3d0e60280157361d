"""Gradients of all ranks: added up in the memory of the optimizer, in the same order everywhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd import GraphError, Tensor
from autograd.extend import borrow, mark_written

from ..module import Module
from ._collectives import BUCKET, begin_to_add_up, check_same, spread
from ._sync_batchnorm import SyncBatchNorm

Array = np.ndarray[Any, Any]


def add_up_gradients(parameters: Sequence[Tensor], others: Array, factor: float = 1.0) -> None:
    """Replace the gradients of parameters by their sums over all ranks, each times the factor of its rank.

    Those that a rank does not have count as zeros there; those that none has stay None. Gradients that lie next to each
    other, as those of an optimizer do, are added up where they are, together. An overlap with the backward pass would
    take gradients that arrive one by one, but a walk leaves those of leaves at its end.

    Parameters
    ----------
    others
        An array of float64 numbers that are added up too; the last of them count the ranks that have each gradient.
    """
    counts = others[others.size - len(parameters) :]
    for i, parameter in enumerate(parameters):
        counts[i] = parameter.grad is not None
        if parameter.grad is None:
            parameter.grad = np.zeros_like(borrow(parameter))
        elif parameter.grad.requires_grad:
            raise GraphError("gradients that were recorded, by create_graph=True, cannot be added up over ranks")
    waits = [begin_to_add_up(others, "a step")]
    staged = []
    for bucket in _buckets(parameters):
        arrays = [borrow(parameter.grad) for parameter in bucket]
        whole = _memory_of(arrays)
        flat = np.concatenate([array.reshape(-1) for array in arrays]) if whole is None else whole
        if factor != 1:
            flat *= flat.dtype.type(factor)
        waits.append(begin_to_add_up(flat, "the sum of gradients"))
        if whole is None:
            staged.append((bucket, flat))
    for wait in waits:
        wait()
    for bucket, flat in staged:
        ends = np.cumsum([parameter.size for parameter in bucket])[:-1]
        for parameter, part in zip(bucket, np.split(flat, ends), strict=True):
            parameter.grad = part.reshape(parameter.shape)
    for parameter, count in zip(parameters, counts.tolist(), strict=True):
        if not count:
            parameter.grad = None


def _buckets(parameters: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Yield neighbours of one dtype that are added up together: which these are is the same on all ranks."""
    bucket: list[Tensor] = []
    size = 0
    for parameter in parameters:
        if bucket and (size + parameter.size > BUCKET or parameter.dtype != bucket[0].dtype):
            yield bucket
            bucket, size = [], 0
        bucket.append(parameter)
        size += parameter.size
    if bucket:
        yield bucket


def _memory_of(arrays: Sequence[Array]) -> Array | None:
    """Return one array of the memory of several, if each begins where the one before ends."""
    end = None
    for array in arrays:
        start = array.__array_interface__["data"][0]
        if not (array.flags.c_contiguous or array.flags.f_contiguous) or (end is not None and start != end):
            return None
        end = start + array.nbytes
    if not arrays[0].flags.writeable:
        return None
    first = arrays[0].ravel("K")
    return np.lib.stride_tricks.as_strided(first, (sum(array.size for array in arrays),), (first.itemsize,))


def equalize(module: Module, options: str = "") -> None:
    """Give parameters and buffers the values of rank 0."""
    equalize_parameters([*module.named_parameters(), *module.named_buffers()], options)


def equalize_parameters(named: Sequence[tuple[str, Any]], options: str = "") -> None:
    """Do what `equalize` does for parameters and buffers with their names."""
    arrays = [(name, borrow(value)) for name, value in named]
    text = "\n".join(f"{name} of shape {np.shape(array)} {array.dtype}" for name, array in arrays)
    check_same(f"{text}\n{options}", "all ranks have to make the same model and the same optimizer", ValueError)
    for _, array in arrays:
        _spread_into(array)


def _spread_into(array: Array) -> None:
    copied = np.array(array, order="C")
    spread(copied, 0, "the parameters of rank 0")
    array[...] = copied
    mark_written(array)


def own_buffers(module: Module) -> list[tuple[Module, str]]:
    """Return where there are buffers that each rank moves by what it sees itself, such as statistics of BatchNorm."""
    return [
        (inner, name)
        for inner in module.modules()
        if not isinstance(inner, SyncBatchNorm)
        for name in inner._buffers
        if getattr(inner, name) is not None
    ]


def spread_buffers(places: Sequence[tuple[Module, str]]) -> None:
    """Give buffers that differ between ranks the values of rank 0."""
    for module, name in places:
        _spread_into(np.asarray(borrow(getattr(module, name))))


def checksum(parameters: Sequence[Tensor]) -> int:
    """Return a number that tells values of parameters apart."""
    total = 0
    for parameter in parameters:
        total = zlib.crc32(np.ascontiguousarray(borrow(parameter)).data, total)
    return total
