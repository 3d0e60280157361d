"""Drawings of compiled programs."""

import numpy as np

import nn
from autograd import compile, draw_graph, grad


def titles(source: str) -> list[str]:
    return [line for line in source.splitlines() if "label=" in line]


def test_each_call_is_a_box_and_an_edge_leads_to_who_reads_it() -> None:
    slope = compile(grad(lambda x: np.sum(np.sin(x) ** 2) * 3))
    slope(np.ones(4))
    picture = draw_graph(slope.programs[0])
    names = " ".join(titles(picture.source))
    assert all(name in names for name in ("argument 0", "sin", "cos", "multiply", "check"))
    assert "check</text>" in picture.svg


def test_the_step_of_an_optimizer_comes_after_the_gradients() -> None:
    model = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x: np.ndarray) -> None:
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()

    for _ in range(2):
        step(np.ones((4, 3), np.float32))
    picture = draw_graph(step.programs[0], model)
    boxes = {title: line.split()[0] for line in titles(picture.source) for title in ("weight", "step") if title in line}
    edges = [tuple(line.split("[")[0].split()) for line in picture.source.splitlines() if "->" in line]
    reached, pending = set(), [boxes["weight"]]
    while pending:
        box = pending.pop()
        more = [edge[2].rstrip(";") for edge in edges if edge[0] == box]
        pending += [each for each in more if each not in reached]
        reached.update(more)
    assert boxes["step"] in reached
