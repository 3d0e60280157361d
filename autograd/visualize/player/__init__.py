"""A page that plays backpropagation: `record` gathers what there is to see, `page` writes it as one file of HTML.

`layout` says where things go, `numbers` and `rules` how they are told, `fold` what is left out of a large graph.
"""

from .play import player

__all__ = ["player"]
