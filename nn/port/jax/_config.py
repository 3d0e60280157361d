"""`jax.config`, of which one setting has a meaning here."""

from __future__ import annotations


class Config:
    """The settings of JAX. Numbers are float64 anyhow; `jax_enable_x64` says which random numbers JAX would draw."""

    jax_enable_x64 = False

    def update(self, name: str, value: object) -> None:
        """Take a setting."""
        if value and name in ("jax_debug_nans", "jax_debug_infs"):
            raise NotImplementedError(f"{name}: here it is `with autograd.detect_anomaly():`")
        if name == "jax_enable_x64":
            self.jax_enable_x64 = bool(value)


config = Config()
