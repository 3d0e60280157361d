"""A real browser, in which pages are opened."""

from tests.player.conftest import browser

__all__ = ["browser"]
