"""Compiled functions of values: straight-line Python on floats, forward and backward, written by one recorded run."""

from .compiled import CompiledFunction as CompiledFunction
from .compiled import ScalarProgram as ScalarProgram
