"""Graphs inside nodes: If, Loop, Scan and SequenceMap."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.extend import borrow

from .._program import Node, Program, Run, Value
from .common import Operator


def run_program(program: Program, run: Run, inputs: Sequence[Value]) -> list[Any]:
    """Run a graph inside a node, which sees the values of the graphs around it; return its outputs."""
    values: Any = ChainMap({}, run.values)
    values.update(zip(program.inputs, inputs, strict=True))
    run.execute(program, Run(run.training, run.own, values, run.execute))
    return [values[name] for name in program.outputs]


def _truth(condition: Any) -> bool:
    return bool(np.asarray(borrow(condition)).reshape(-1)[0])


def _if(n: Node, run: Run, condition: Any) -> tuple[Any, ...]:
    return tuple(run_program(n["then_branch"] if _truth(condition) else n["else_branch"], run, []))


def _loop(n: Node, run: Run, count: Any = None, condition: Any = None, *carried: Any) -> tuple[Any, ...]:
    """Run the body until its count or its condition ends it; stack what it gives beside the values it carries on."""
    body: Program = n["body"]
    limit = None if count is None else int(np.asarray(borrow(count)).reshape(-1)[0])
    states, gathered = list(carried), [[] for _ in body.outputs[1 + len(carried) :]]  # type: list[Any], list[list[Any]]
    i, go = 0, condition is None or _truth(condition)
    while go and (limit is None or i < limit):
        goes, *results = run_program(body, run, [np.array(i, np.int64), np.array(True), *states])
        states = results[: len(carried)]
        for found, result in zip(gathered, results[len(carried) :], strict=True):
            found.append(result)
        i, go = i + 1, _truth(goes)
    return (*states, *(np.stack(found) if found else np.zeros((0,), np.float32) for found in gathered))


def _scan(n: Node, run: Run, *inputs: Any) -> tuple[Any, ...]:
    """Run the body for each element along an axis of some inputs."""
    if n.version < 9:
        return _scan_of_batch(n, run, *inputs)
    body: Program = n["body"]
    scanned = n["num_scan_inputs"]
    states, sequences = list(inputs[:-scanned]), inputs[-scanned:]
    outputs = len(body.outputs) - len(states)
    in_axes, in_turns = n["scan_input_axes"] or (0,) * scanned, n["scan_input_directions"] or (0,) * scanned
    out_axes, out_turns = n["scan_output_axes"] or (0,) * outputs, n["scan_output_directions"] or (0,) * outputs
    columns = [np.moveaxis(x, axis, 0) for x, axis in zip(sequences, in_axes, strict=True)]
    columns = [np.flip(x, 0) if turned else x for x, turned in zip(columns, in_turns, strict=True)]
    gathered: list[list[Any]] = [[] for _ in range(outputs)]
    for i in range(len(columns[0])):
        results = run_program(body, run, [*states, *(x[i] for x in columns)])
        states = results[: len(states)]
        for found, result in zip(gathered, results[len(states) :], strict=True):
            found.append(result)
    stacked = []
    for found, axis, turned in zip(gathered, out_axes, out_turns, strict=True):
        stacked.append(np.stack(found[::-1] if turned else found, axis))
    return (*states, *stacked)


def _scan_of_batch(n: Node, run: Run, lengths: Any, *inputs: Any) -> tuple[Any, ...]:
    """Scan each element of a batch, as in opset 8, where all inputs and outputs have an axis of the batch first."""
    scanned, turns = n["num_scan_inputs"], {"scan_input_directions": n["directions"]}
    modern = replace(n, version=9, inputs=n.inputs[1:], attributes={**n.attributes, **turns})
    results = []
    for i in range(len(inputs[-1])):
        end = None if lengths is None else int(np.asarray(borrow(lengths))[i])
        own = [x[i] for x in inputs[:-scanned]] + [x[i][:end] for x in inputs[-scanned:]]
        results.append(_scan(modern, run, *own))
    return tuple(np.stack(found) for found in zip(*results, strict=True))


def _sequence_map(n: Node, run: Run, first: Any, *others: Any) -> tuple[list[Any], ...]:
    results = [
        run_program(n["body"], run, [x, *(other[i] if isinstance(other, list) else other for other in others)])
        for i, x in enumerate(first)
    ]
    return tuple([result[i] for result in results] for i in range(len(n["body"].outputs)))


WITH_RUN: dict[str, Operator] = {"If": _if, "Loop": _loop, "Scan": _scan, "SequenceMap": _sequence_map}
