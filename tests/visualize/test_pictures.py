"""Pictures of ten models: lines run through nothing, chains are straight, and nothing is larger than it was."""

import pytest

from benchmarks.picture_layouts import graph_of, this
from benchmarks.pictures import figures, side_by_side

# In thousands of square points; docs/design.md has those of Graphviz and dagre.
AREAS = {
    "MLP": 230,
    "LeNet": 370,
    "ResNet-18": 4700,
    "U-Net": 1150,
    "LSTM": 290,
    "GRU decoder": 1250,
    "transformer": 13500,
    "GPT block": 1250,
    "VAE": 1100,
}  # micrograd's demonstration takes seconds to compute


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", AREAS)
def test_a_picture_of_a_model(name: str) -> None:
    graph = graph_of(name)
    drawing = this(graph)
    found = figures(graph, drawing)
    assert (found.boxes, found.titles) == (0, 0)
    assert found.straight >= 0.9
    assert found.area <= AREAS[name]
    assert side_by_side(graph, {"this package": drawing}).count("<path") >= len(graph.edges)
