"""A page that plays backpropagation: `playback` gathers the steps to show, `page` writes them as one file of HTML.

`layout` places the boxes, `numbers` formats values. The page and its script are in the folder ``web``.
"""

from .play import player

__all__ = ["player"]
