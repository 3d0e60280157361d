"""Comparisons: derivatives by the graph beside those by differences, at one point."""
