"""Arrays of `vmap` and `compile`: what may stand for an ndarray in the engine."""
