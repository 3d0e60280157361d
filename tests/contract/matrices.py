"""The contract of linear algebra."""

from __future__ import annotations

from math import nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

ZEROS, ONES = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]

CONTRACTS = (
    Contract(
        ("numpy.linalg.det", "numpy.linalg.slogdet"),
        "det: all matrices, exact for singular ones, at every order; slogdet: regular ones",
        (
            Edge("np.linalg.det(x)", ([[1.0, 2.0], [2.0, 4.0]],), ([[4.0, -2.0], [-2.0, 1.0]],),
                 "the cofactors, though the matrix is singular", ([[1.0, -1.0], [-1.0, 1.0]],)),
            Edge("np.linalg.det(x)", (ZEROS,), (ZEROS,), "the cofactors are 0", ([[1.0, -1.0], [-1.0, 1.0]],)),
            Edge("np.linalg.det(x)", ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],),
                 ([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]],), "one cofactor is not 0",
                 ([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0], [-1.0, -1.0, 2.0]],)),
            Edge("np.linalg.det(x)", ([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],), ([[0.0] * 3] * 3,),
                 "every cofactor is 0", ([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]],)),
            Edge("np.linalg.slogdet(x)[1]", (ZEROS,), ([[nan, nan], [nan, nan]],), "the logarithm of 0 has no slope"),
            Edge("np.where(np.linalg.det(x) == 0, 0, np.linalg.slogdet(x)[1])", (ZEROS,), (ZEROS,),
                 "the branch that is not selected gets nothing", (ZEROS,)),
        ),
    ),
    Contract(
        ("numpy.linalg.inv", "numpy.linalg.solve", "numpy.linalg.cholesky", "numpy.linalg.qr"),
        "regular matrices, for cholesky positive definite ones; for qr, the first columns independent. Of a singular "
        "matrix NumPy or the derivative raises LinAlgError",
    ),
    Contract(
        ("numpy.linalg.pinv", "numpy.linalg.lstsq", "numpy.linalg.matrix_power"),
        "pinv and lstsq: the derivative among matrices of the same rank; matrix_power: integer powers",
        (
            Edge("np.linalg.pinv(x)", (ZEROS,), (ZEROS,), "among matrices of rank 0"),
            Edge("np.linalg.pinv(x)", ([[2.0, 0.0], [0.0, 0.0]],), ([[-0.25, 0.25], [0.25, 0.0]],),
                 "among matrices of rank 1"),
            Edge("np.linalg.matrix_power(x, 0)", (ZEROS,), (ZEROS,), "the identity, whatever the matrix", (ZEROS,)),
            Edge("np.linalg.matrix_power(x, 2)", (ZEROS,), (ZEROS,), "no kink", ([[4.0, 4.0], [4.0, 4.0]],)),
        ),
    ),
    Contract(
        ("numpy.linalg.eigh", "numpy.linalg.eigvalsh", "numpy.linalg.eig", "numpy.linalg.eigvals"),
        "distinct eigenvalues; eigenvectors up to signs and phases. Where eigenvalues tie, first derivatives are exact "
        "for functions that treat the tied ones alike, and for projections on all their vectors; other functions of "
        "the vectors, and second derivatives, lack the part among the tied vectors, and a warning says so",
        (
            Edge("np.sum(np.linalg.eigvalsh(x) ** 2)", (ONES,), ([[2.0, 0.0], [0.0, 2.0]],), "alike"),
            Edge("np.prod(np.linalg.eigvalsh(x))", ([[2.0, 0.0], [0.0, 2.0]],), ([[2.0, 0.0], [0.0, 2.0]],), "alike"),
            Edge("np.max(np.linalg.eigvalsh(x))", (ONES,), ([[0.5, 0.0], [0.0, 0.5]],), "ties share evenly"),
            Edge("np.linalg.eigvalsh(x)[-1]", (ONES,), ([[0.5, 0.0], [0.0, 0.5]],), "ties share evenly"),
            Edge("np.sum(np.linalg.eigh(x)[0])", (ZEROS,), (ONES,), "the trace"),
            Edge("(lambda w, v: v @ v.mT)(*np.linalg.eigh(x))", (ONES,), (ZEROS,), "the identity, whatever x is"),
            Edge("np.sum(np.linalg.eigvals(x)).real", (ONES,), (ONES,), "the trace"),
        ),
    ),
    Contract(
        ("numpy.linalg.svd", "numpy.linalg.svdvals"),
        "distinct nonzero singular values; singular vectors up to signs and phases. Where values tie, as for eigh",
        (
            Edge("np.sum(np.linalg.svdvals(x) ** 2)", (ZEROS,), (ZEROS,), "the squares of all elements"),
            Edge("np.sum(np.linalg.svd(x)[1])", (ONES,), (ONES,), "the polar factor"),
            Edge("(lambda u, s, v: u @ v)(*np.linalg.svd(x))", ([[2.0, 0.0], [0.0, 2.0]],), (ZEROS,),
                 "of the polar factor, the sum of a skew change"),
        ),
    ),
    Contract(
        ("numpy.linalg.matrix_norm",),
        "all matrices; ties share evenly. numpy.linalg.norm of matrices is the same",
        (
            Edge("np.linalg.matrix_norm(x)", (ZEROS,), (ZEROS,), "the subgradient of least norm"),
            *(
                Edge(f"np.linalg.norm(x, {order})", (ZEROS,), (ZEROS,), "the subgradient of least norm")
                for order in ("'fro'", "'nuc'", "1", "-1", "2", "-2", "np.inf", "-np.inf")
            ),
            Edge("np.linalg.norm(x, 'nuc')", ([[2.0, 0.0], [0.0, 0.0]],), ([[1.0, 0.0], [0.0, 0.0]],),
                 "the subgradient of least norm"),
            Edge("np.linalg.norm(x, 1)", ([[1.0, 2.0], [3.0, 2.0]],), ([[0.5, 0.5], [0.5, 0.5]],), "ties share evenly"),
            Edge("np.linalg.norm(x, np.inf)", ([[1.0, -2.0], [3.0, 0.0]],), ([[0.5, -0.5], [0.5, 0.0]],),
                 "ties share evenly, and like abs"),
            Edge("np.linalg.norm(x, 2)", ([[3.0, 0.0], [0.0, -3.0]],), ([[0.5, 0.0], [0.0, -0.5]],),
                 "ties share evenly"),
            Edge("np.linalg.norm(x, 'nuc')", ([[3.0, 0.0], [0.0, -3.0]],), ([[1.0, 0.0], [0.0, -1.0]],),
                 "the polar factor"),
        ),
    ),
)  # fmt: skip
