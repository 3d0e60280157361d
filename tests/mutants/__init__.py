"""Mutants: derivative rules with one small change, each of which some test should notice.

``python -m tests.mutants`` changes rules one at a time, runs the tests that call them, and prints what survived.
"""
