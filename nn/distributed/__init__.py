"""Training on several processes, on one machine or many, through MPI: ``mpiexec -n 4 python program.py``.

`nn.fit` divides its batches by itself. Without mpiexec, or a launcher like it, there is one rank, and the same program
runs with and without.

By default all numbers of ranks make the same training up to rounding. With ``nn.fit(..., reproducible=True)`` they make
the same one to the last bit: gradients, random numbers and figures are those of blocks of rows, whichever rank computes
them, and are added up along a tree over the blocks.
"""

from autograd.extend import set_module as _set_module

from ._collectives import all_gather, all_reduce, broadcast
from ._data_parallel import DataParallel
from ._launch import start as _start
from ._processes import abort, barrier, init, rank, world_size
from ._sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm

__all__ = [
    "DataParallel", "SyncBatchNorm", "abort", "all_gather", "all_reduce", "barrier", "broadcast",
    "convert_sync_batchnorm", "init", "rank", "world_size",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))
_start()
