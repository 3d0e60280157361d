"""The operations that vmap computes in a loop over the batch, and why: a list that may only shrink."""

LOOPED = {
    "numpy.linalg.lstsq": "NumPy's solver takes one matrix, and decides its rank by its own singular values",
    "numpy.polyfit": "solves by `lstsq`",
}
