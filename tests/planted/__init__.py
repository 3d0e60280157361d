"""Planted errors: wrong derivative rules, each of a known kind, that checkers of gradients are measured by.

``python -m tests.planted`` prints which of them a checker finds.
"""
