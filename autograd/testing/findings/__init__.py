"""Findings: what a check says: Jacobians and their picture, the pattern of what is wrong, the message, and sums."""
