"""Differences of two graphs: `reading` turns a run into plain data, `alignment` pairs its nodes with those of another.

`comparison` compares the nodes of a pair, `difference` is what a program asks, and `page` writes it as one file of HTML
with the picture of `surroundings`.
"""

from .difference import GraphDifference, GraphDifferences, diff_graphs
from .reading import record_run
from .recorded_run import RecordedRun

__all__ = ["GraphDifference", "GraphDifferences", "RecordedRun", "diff_graphs", "record_run"]
