"""Looking into a graph: what it keeps, where gradients flow or are lost, and what is better written in another way."""

from .explain import Explanation, explain
from .lint import Finding, lint
from .saved import Saved, saved

__all__ = ["Explanation", "Finding", "Saved", "explain", "lint", "saved"]
