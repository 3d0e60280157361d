"""Diagnoses of a graph: what it keeps, where gradients flow or vanish, and what is better written in another way."""

from .gradient_flow import Explanation, explain
from .memory import Saved, saved
from .stability import Finding, lint

__all__ = ["Explanation", "Finding", "Saved", "explain", "lint", "saved"]
