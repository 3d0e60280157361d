"""Reductions that leave out nan."""
