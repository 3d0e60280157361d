"""Training on several processes, on one machine or many, through MPI: ``mpiexec -n 4 python program.py``.

`nn.fit` divides its batches by itself. Without mpiexec, or a launcher like it, there is one rank, and everything here
does what it does then: the same program runs with and without.
"""

from autograd.extend import set_module as _set_module

from ._collectives import all_gather, all_reduce, broadcast
from ._data_parallel import DataParallel
from ._launch import start as _start
from ._processes import abort, barrier, init, rank, world_size
from ._sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm

__all__ = [
    "DataParallel",
    "SyncBatchNorm",
    "abort",
    "all_gather",
    "all_reduce",
    "barrier",
    "broadcast",
    "convert_sync_batchnorm",
    "init",
    "rank",
    "world_size",
]

_set_module(__name__, *(globals().get(name) for name in __all__))
_start()
