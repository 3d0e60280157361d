"""Loops of a program: bodies that run many times, as one call each."""
