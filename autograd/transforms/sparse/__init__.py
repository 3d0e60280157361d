"""Sparse derivatives: which elements depend on which, colours, few products, and the numbers read from these."""
