"""`jax.numpy.linalg`: NumPy's functions, of which those of symmetric matrices make them symmetric."""

from typing import Any, Literal

import numpy as np

from ...._arguments import TensorLike
from .._array import arrays, names_of


def _symmetric(a: Any, symmetrize_input: bool) -> Any:
    return (arrays(a) + np.conj(arrays(a).mT)) / 2 if symmetrize_input else arrays(a)


def cholesky(a: TensorLike, *, upper: bool = False, symmetrize_input: bool = True) -> Any:
    """Return the Cholesky factor."""
    return np.linalg.cholesky(_symmetric(a, symmetrize_input), upper=upper)


def eigh(a: TensorLike, UPLO: Literal["L", "U"] = "L", symmetrize_input: bool = True) -> Any:
    """Return eigenvalues and eigenvectors."""
    return np.linalg.eigh(_symmetric(a, symmetrize_input), UPLO)


def eigvalsh(a: TensorLike, UPLO: Literal["L", "U"] = "L", *, symmetrize_input: bool = True) -> Any:
    """Return eigenvalues."""
    return np.linalg.eigvalsh(_symmetric(a, symmetrize_input), UPLO)


__getattr__ = names_of(np.linalg, __name__)
