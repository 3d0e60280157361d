"""PyTorch programs in the spelling of NumPy: ``python -m nn.port model.py``."""

from ._writer import Note, Ported, port

__all__ = ["Note", "Ported", "port"]
