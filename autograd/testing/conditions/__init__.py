"""Conditions: what rules promise besides right derivatives, and at other points than the given one."""
