"""SciPy's linear algebra for arrays and tensors: the functions of `scipy.linalg` with derivatives.

All work on stacks of matrices, except `solve_discrete_lyapunov`. A matrix that is symmetric, Hermitian
or positive definite is read from one triangle, as in SciPy, and its gradient is symmetric or Hermitian.
"""

from autograd.extend import set_module

from .decompositions import eigh, eigvalsh, norm, svd, svdvals
from .factors import cho_factor, cho_solve, cholesky
from .functions import det, expm, inv, logm, solve_continuous_lyapunov, solve_discrete_lyapunov, solve_sylvester, sqrtm
from .lu_factors import lu, lu_factor, lu_solve
from .matrices import block_diag, toeplitz
from .systems import solve, solve_banded, solve_triangular

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "det", "eigh", "eigvalsh", "expm", "inv", "logm", "lu",
    "lu_factor", "lu_solve", "norm", "solve", "solve_banded", "solve_continuous_lyapunov", "solve_discrete_lyapunov",
    "solve_sylvester", "solve_triangular", "sqrtm", "svd", "svdvals", "toeplitz",
]  # fmt: skip

set_module(__name__, *(globals()[name] for name in __all__))
