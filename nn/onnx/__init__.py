"""Models in the ONNX format, for other runtimes to compute."""

from ._export import export

__all__ = ["export"]
