"""Diagnoses of a graph: its saved arrays, vanishing gradients, and numerically unstable expressions."""

from .gradient_flow import Explanation, explain
from .memory import Saved, saved
from .stability import Finding, lint

__all__ = ["Explanation", "Finding", "Saved", "explain", "lint", "saved"]
