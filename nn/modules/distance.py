"""Distance modules: cosine similarity and pairwise distance of vectors."""

from __future__ import annotations

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike
from ._applied import Applied


class CosineSimilarity(Applied, function=functional.cosine_similarity):
    """Cosine similarity, the cosine of the angle between vectors: see `functional.cosine_similarity`."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: TensorLike, x2: TensorLike) -> Tensor:
        """Compare vectors of the same length; other axes broadcast."""
        return functional.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Applied, function=functional.pairwise_distance):
    """Pairwise distance, the norm of the difference of vectors: see `functional.pairwise_distance`."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: TensorLike, x2: TensorLike) -> Tensor:
        """Compare vectors ``(n, d)`` or ``(d,)``."""
        return functional.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)

    def extra_repr(self) -> str:
        return f"p={self.norm}, eps={self.eps}, keepdim={self.keepdim}"
