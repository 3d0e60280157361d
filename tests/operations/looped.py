"""The operations that vmap computes in a loop over the batch: a list that may only shrink."""

LOOPED = frozenset(("ctc_loss", "lstsq", "polyfit"))
