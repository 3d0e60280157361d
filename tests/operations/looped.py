"""The operations that vmap computes in a loop over the batch."""

LOOPED: frozenset[str] = frozenset(())
