"""A page that plays backpropagation: `record` gathers what there is to see, `page` writes it as one file of HTML.

`depths` and `layout` say where things go, `numbers` how they are told, `fold` what is left out of a large graph. The
page and its script are in the folder ``web``.
"""

from .play import player

__all__ = ["player"]
