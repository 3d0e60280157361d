"""Looking into a graph: what it keeps, where gradients flow or are lost, and what is better written in another way."""

from .flow import Explanation, explain
from .forms import Finding, lint
from .memory import Saved, saved

__all__ = ["Explanation", "Finding", "Saved", "explain", "lint", "saved"]
