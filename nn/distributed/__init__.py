"""Training on several processes, on one machine or many, through MPI: ``mpiexec -n 4 python program.py``.

`nn.fit` divides its batches by itself. Without mpiexec, or a launcher like it, there is one rank, and the same program
runs with and without.

By default all numbers of ranks make the same training up to rounding. With ``nn.fit(..., reproducible=True)`` they make
the same one to the last bit: gradients, random numbers and figures are those of blocks of rows, whichever rank computes
them, and are added up along a tree over the blocks.
"""

import typing

from autograd.extend import lazy_names as _lazy_names

from ._launched import launched as _launched

if typing.TYPE_CHECKING:
    from ._collectives import all_gather, all_reduce, broadcast
    from ._data_parallel import DataParallel
    from ._processes import abort, barrier, init, rank, world_size
    from ._sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm

__all__ = [
    "DataParallel", "SyncBatchNorm", "abort", "all_gather", "all_reduce", "barrier", "broadcast",
    "convert_sync_batchnorm", "init", "rank", "world_size",
]  # fmt: skip

_OWN = {  # loaded when they are first asked for
    "_collectives": ("all_gather", "all_reduce", "broadcast"),
    "_data_parallel": ("DataParallel",),
    "_processes": ("abort", "barrier", "init", "rank", "world_size"),
    "_sync_batchnorm": ("SyncBatchNorm", "convert_sync_batchnorm"),
}
_lazy_names(globals(), own=_OWN)
if _launched() > 1:
    from ._launch import start as _start

    _start()
