"""Whether a launcher of MPI started this process: all that a program without one needs to know."""

from __future__ import annotations

import os

# The number of processes, as MPICH and Intel MPI, Open MPI, MVAPICH, and Slurm's srun say it. That of an allocation of
# Slurm, SLURM_NTASKS, would be wrong: every process in it sees that, also one that was started alone.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
PROCESS = "PLAINGRAD_MPI_PROCESS"  # the process that MPI was started in: others that it starts are no ranks


def launched() -> int:
    """Return how many processes a launcher such as mpiexec started, this one among them; without one it is 1."""
    own = str(os.getpid())
    if os.environ.get(PROCESS, own) != own:
        return 1
    return next((int(text) for text in map(os.environ.get, SIZES) if text is not None and text.isdecimal()), 1)
