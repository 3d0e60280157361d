"""A score of checkers of gradients: planted errors as data, and what each checker finds of them.

``python -m tests.planted.score`` measures the checkers of this library and of those that are installed.
"""
