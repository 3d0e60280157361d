"""Optimizer base class: groups of parameters, the step through their flat arrays, and the state to save."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor, enable_grad
from autograd.extend import Widened, borrow, done_outside, mark_written, missing, outside_types

from .._arguments import check_constructor, document
from .._warnings import TrainingWarning, message, warn
from ..parameter import Parameter
from ._flat_parameters import Array, FlatParameters, Run
from ._kinds import kinds_of

Parameters = Iterable[Tensor | dict[str, Any] | tuple[str, Tensor]]
_EXAMPLE = """\
>>> import nn
>>> w = nn.Parameter([1.0, -2.0])
>>> optimizer = nn.optim.{}([w], {})
>>> (w * w).sum().backward()
>>> optimizer.step()
>>> w.data.round(2)
array([{}], dtype=float32)"""


class Optimizer:
    """Update parameters from their gradients; the base class of all optimizers.

    A step changes parameters in place: views of them, and ndarrays and other parameters that share their memory, see
    it. Values that nobody else holds are moved into one array for each group and dtype, where one pass updates all of
    them, which is faster than one by one. Write ``parameter.data[...] = values`` to change them, or assign another
    array to ``parameter.data``.

    A subclass checks its options, calls ``super().__init__(params, defaults)``, and defines `update`.

    Parameters
    ----------
    params
        Parameters, or pairs of a name and a parameter, or dicts with ``params`` and options of their own.
    defaults
        The options of groups that do not give their own. Most optimizers have these:

        - ``lr``: the learning rate.
        - ``eps``: is added to a denominator, to keep it from 0.
        - ``weight_decay``: this multiple of the parameter is added to its gradient.
        - ``decoupled_weight_decay``: whether ``lr * weight_decay`` of the parameter is subtracted from it instead, as
          in `AdamW`.
        - ``maximize``: whether to ascend along the gradient instead of descending.

    Attributes
    ----------
    param_groups
        A dict for each group with its ``params`` and options; changing an option, ``group["lr"] = 0.01``, takes
        effect at the next step. Schedulers note there the ``initial_lr`` that they start from.
    """

    param_groups: list[dict[str, Any]]
    stepped: bool = False  # whether our `step` was called: schedulers warn where it was not
    idle: bool = False  # whether the first call found no gradient, and said so
    numbers: ClassVar[Mapping[str, float]] = {}  # kept for each parameter: the name, and the value to start with

    def __init_subclass__(cls, example: tuple[str, str] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)
        if example is not None:  # the options, and what a step makes of 1 and -2
            document(cls, example=_EXAMPLE.format(cls.__name__, *example))

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        _check_params(type(self).__name__, params)
        self.defaults, self.param_groups, self._flats, self._known = defaults, [], [], set()
        items: list[Any] = list(params)
        if not items:
            raise ValueError(
                f"{type(self).__name__} has no parameters to optimize: the module has none, or what lists them, such "
                f"as model.parameters(), was used up before"
            )
        for group in items if isinstance(items[0], dict) else [{"params": items}]:
            self.add_param_group(group)
        Widened.watch()

    _flats: list[list[FlatParameters]]
    _known: set[int]  # the identities of the parameters of all groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters with options of its own.

        Parameters
        ----------
        param_group
            ``params``, and any options that differ from the defaults.

        Raises
        ------
        TypeError, ValueError
            If a parameter is not a floating-point leaf tensor, or is already in a group, or an option is unknown, or
            `eps` is 0 in the dtype of a parameter.
        """
        if "params" not in param_group:
            raise ValueError(f"a group of parameters has {sorted(param_group)}: name the parameters 'params'")
        given = param_group["params"]
        _check_order(given)
        params = [_tensor_of(type(self).__name__, item) for item in ([given] if isinstance(given, Tensor) else given)]
        known = {*map(id, params)}
        if len(known) < len(params) or not known.isdisjoint(self._known):
            twice = [i for i, parameter in enumerate(params) if id(parameter) in {*self._known, *map(id, params[:i])}]
            raise ValueError(f"parameter {twice[0]} of the group, of shape {params[twice[0]].shape}, is given twice")
        group = {**self.defaults, **param_group, "params": params}
        unknown = sorted(set(group) - {*self.defaults, "params", "initial_lr"})
        if unknown:
            raise ValueError(f"unknown options {unknown}: a group of {type(self).__name__} has {sorted(self.defaults)}")
        self.check(group)
        if any(not parameter.requires_grad and not isinstance(parameter, Parameter) for parameter in params):
            warn(message("constants"), TrainingWarning)
        flats = self._laid_out(params, group)
        self.param_groups.append(group)
        self._flats.append(flats)
        self._known |= known

    def _laid_out(self, params: list[Tensor], group: dict[str, Any]) -> list[FlatParameters]:
        """Return flat arrays for the parameters of a group."""
        dtypes = [parameter.dtype for parameter in params]
        by_dtype = [
            [x for x, other in zip(params, dtypes, strict=True) if other == dtype] for dtype in dict.fromkeys(dtypes)
        ]
        for members in by_dtype:
            _check_eps(group.get("eps", 0), members[0].dtype, members[0].shape)
        return [FlatParameters(members, self.numbers, self.shapes) for members in by_dtype]

    def check(self, group: dict[str, Any]) -> None:
        """Raise if an option of a group is out of range; a subclass that says nothing takes all."""

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        """Update the parameters of a run."""
        raise NotImplementedError(f"{type(self).__name__} defines neither update(group, flat, run) nor step()")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        """Return the names of the moments that a group has, and what each is divided by in memory.

        Divided by the weight of a new gradient, a moment is updated without a scaled copy of that.
        """
        return {}

    @staticmethod
    def shapes(shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the names and shapes of arrays that are kept for a parameter of a shape, and have another."""
        return {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None; with `set_to_none=False`, to zeros."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad = np.zeros_like(borrow(parameter))

    def _saved(self) -> Callable[[], None]:
        """Return a function that puts back all that a step changes."""
        put_back = [flat.saved() for flats in self._flats for flat in flats]
        stepped = self.stepped

        def undo() -> None:
            self.stepped = stepped
            for each in put_back:
                each()

        return undo

    @partial(done_outside, saved=_saved)
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure
            Recomputes the loss and its gradients, and returns the loss.

        Returns
        -------
        The loss that `closure` returned, or None.
        """
        loss = None
        if closure is not None:
            if not callable(closure):
                raise TypeError(message("loss given to step", kind=type(closure).__name__))
            with enable_grad():
                loss = closure()
        if not self.stepped:  # as by model.double(); after a step, the moments would not fit
            for i, flats in enumerate(self._flats):
                if any(parameter.dtype != flat.data.dtype for flat in flats for parameter in flat.parameters):
                    self._flats[i] = self._laid_out(self.param_groups[i]["params"], self.param_groups[i])
        if Widened.found and not Widened.told:
            _warn_of_float64(self)
        steps = 0
        for group, flats in zip(self.param_groups, self._flats, strict=True):
            for flat in flats:
                for run in flat.ready():
                    self.update(group, flat, run)
                    steps += 1
                mark_written(*flat.written())
        scheduled = "initial_lr" in self.param_groups[0]  # as where the course of a schedule is looked at
        if not (steps or self.stepped or scheduled):
            self.idle = True
            warn(message("step without gradient"), TrainingWarning)
        self.stepped = True
        return loss

    # Its state

    def _positions(self) -> Iterator[tuple[dict[str, Any], Tensor, FlatParameters, int]]:
        """Yield every parameter, in the order of the groups, with its group, its flat arrays and its index there."""
        for group, flats in zip(self.param_groups, self._flats, strict=True):
            where = {id(parameter): (flat, i) for flat in flats for i, parameter in enumerate(flat.parameters)}
            for parameter in group["params"]:
                yield group, parameter, *where[id(parameter)]

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state to save, in PyTorch's form.

        Returns
        -------
        dict
            ``"state"``: for the number of each parameter, how many steps it took and its moments, as ndarrays;
            ``"param_groups"``: the options of each group and the numbers of its parameters. What is named
            ``..._rounding`` keeps float64 moments exact; PyTorch has no such thing, and need not be given it.
        """
        groups, first = [], 0
        for group in self.param_groups:
            count = len(group["params"])
            groups.append({**group, "params": list(range(first, first + count))})
            first += count
        return {"state": self._states(), "param_groups": groups}

    def _states(self) -> dict[int, dict[str, Any]]:
        """Return what is kept for each parameter, by its number; parameters that took no step yet are left out."""
        states = {n: flat.state(i, self.scales(group)) for n, (group, _, flat, i) in enumerate(self._positions())}
        return {number: state for number, state in states.items() if state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load options and moments that `state_dict` returned, of this optimizer or of PyTorch's.

        The options of the state replace those that this optimizer was made with, except for ``fused``: that says how
        a step is computed, and not what.

        Raises
        ------
        ValueError
            If it is the state of another kind of optimizer, or of other parameters: the groups do not have as many as
            here, or the shapes of moments do not fit. Then nothing has changed.
        """
        saved, numbers = _groups_of(state_dict)
        sizes, own = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
        if sizes != own:
            raise ValueError(f"the state is of groups with {sizes} parameters, this optimizer has {own}")
        known = {*self.defaults, "initial_lr"} - _HOW
        groups = [
            {**group, **{name: value for name, value in options.items() if name in known}}
            for group, options in zip(self.param_groups, saved, strict=True)
        ]
        for group, options in zip(groups, saved, strict=True):
            _check_options({*options} - {"params"}, self, Optimizer)
            self.check(group)
        states = [state_dict["state"].get(number, {}) for number in numbers]
        self._check_states(groups, states)
        for group, new in zip(self.param_groups, groups, strict=True):
            group.update({name: value for name, value in new.items() if name != "params"})
        self._load_states(states)
        self.stepped = self.stepped or bool(state_dict["state"])

    def _check_states(self, groups: list[dict[str, Any]], states: list[dict[str, Any]]) -> None:
        """Raise if what was kept for the parameters does not fit groups with these options."""
        options = {id(parameter): group for group in groups for parameter in group["params"]}
        for number, (state, (_, parameter, flat, i)) in enumerate(zip(states, self._positions(), strict=True)):
            flat.check(i, state)
            needed = {*self.scales(options[id(parameter)]), *self.numbers, *flat.others[i]}
            if state and not needed <= {*state}:
                raise ValueError(
                    f"the state of parameter {number} has no {' and no '.join(sorted(needed - {*state}))}, but "
                    f"{', '.join(map(str, state))}: it is not that of {type(self).__name__}, or not all of it"
                )

    def _load_states(self, states: list[dict[str, Any]]) -> None:
        """Load what was kept for each parameter."""
        for state, (group, _, flat, i) in zip(states, self._positions(), strict=True):
            flat.load(i, state, self.scales(group))

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if name not in ("_flats", "_known")}
        return {**kept, "_saved": self.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # copies of the flat arrays would no longer be views of each other: lay them out anew
        kept = {name: value for name, value in state.items() if name != "_saved"}
        vars(self).update({**kept, "param_groups": [], "_flats": [], "_known": set()})
        for group in state["param_groups"]:
            self.add_param_group(group)
        self.load_state_dict(state["_saved"])

    def __dir__(self) -> list[str]:
        return missing.listed(self, super().__dir__())

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            options = ", ".join(f"{name}={value!r}" for name, value in group.items() if name != "params")
            count = sum(parameter.size for parameter in group["params"])
            lines.append(f"  group {i}: {len(group['params'])} parameters of {count} elements, {options}")
        return f"{type(self).__name__}(\n" + "\n".join(lines) + "\n)"


missing.install(Optimizer, fixed=("lr", "learning_rate"))


outside_types.append(Optimizer)


def options_from(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the options of an optimizer, from the ``locals()`` of its constructor.

    So an option is declared by the signature alone: its name, its type and its default.
    """
    return {name: value for name, value in arguments.items() if name not in ("self", "params", "__class__")}


def with_weight_decay(group: dict[str, Any], p: Array, g: Array, scratch: Array) -> Array:
    """Return the gradient to descend along: negated to maximize, plus the weight decay of the parameter.

    Decoupled weight decay is subtracted from the parameter at once instead.
    """
    decay = group["weight_decay"]
    if decay and group.get("decoupled_weight_decay"):
        np.multiply(p, p.dtype.type(1 - group["lr"] * decay), p)
    elif decay:
        np.multiply(p, p.dtype.type(decay), scratch)
        return (np.subtract if group["maximize"] else np.add)(scratch, g, scratch)
    return np.negative(g, scratch) if group["maximize"] else g


def decay_and_add(moment: Array, keep: float | np.floating[Any], new: Array) -> None:
    """Multiply a moment by `keep` and add `new`: a running mean that is kept divided by 1 - keep, or a momentum."""
    np.add(np.multiply(moment, keep, moment), new, moment)


def clear_subnormal(step: int, moment: Array, scratch: Array) -> None:
    """Set to 0, every 64 steps, the elements that would become subnormal before the next time.

    A moment decays towards 0 where the gradient is always 0, as for a pixel that is blank in most images, and stays
    subnormal, where processors are many times slower.
    """
    if step % 64 == 0:
        smallest = moment.dtype.type(1000 * np.finfo(moment.dtype).tiny)
        np.multiply(moment, np.abs(moment, scratch) >= smallest, moment)


def check_not_negative(group: dict[str, Any], *names: str) -> None:
    """Raise if one of the options is negative, or not a number."""
    for name in names:
        if not group[name] >= 0:
            raise ValueError(f"{name} should be 0 or more, not {group[name]}")


def check_fraction(group: dict[str, Any], name: str) -> None:
    """Raise if an option is not the decay rate of a running mean."""
    if not 0 <= group[name] < 1:
        raise ValueError(f"{name} should be a number from 0 to below 1, not {group[name]}")


def check_betas(group: dict[str, Any]) -> None:
    """Raise if the options of Adam and its variants are out of range."""
    check_not_negative(group, *(name for name in ("lr", "eps", "weight_decay") if name in group))
    if len(group["betas"]) != 2 or not all(0 <= beta < 1 for beta in group["betas"]):
        raise ValueError(f"betas should be two numbers from 0 to below 1, not {group['betas']}")


def check_fused(group: dict[str, Any]) -> None:
    """Raise if a group asks for a fused update, and LLVM is missing or a parameter has no loop."""
    if group.get("fused"):
        from autograd.extend import load_llvm  # with what it needs, which few programs do

        load_llvm("fused=True")
        for parameter in group["params"]:
            check_looped(parameter)


def check_looped(parameter: Tensor) -> None:
    """Raise if there is no fused update for the dtype of a parameter."""
    if parameter.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"fused=True updates float32 and float64, but a parameter of shape {parameter.shape} is "
            f"{parameter.dtype}: put it in a group of its own, with fused=False"
        )


def _check_eps(eps: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Raise if `eps` is 0 in the dtype of a parameter, as 1e-8 is in float16."""
    if not isinstance(eps, tuple | list) and eps > 0 and dtype.type(eps) == 0:
        raise ValueError(
            f"eps={eps:g} is 0 in {dtype}, the dtype of a parameter of shape {shape}, which a gradient of 0 would make "
            f"nan: pass eps=1e-4, or train a float32 model"
        )


def _check_params(owner: str, params: Any) -> None:
    """Raise if `params` is not an iterable of parameters with an order."""
    if isinstance(params, Tensor | Mapping | str) or not isinstance(params, Iterable):
        single = isinstance(params, Tensor) or (isinstance(params, Mapping) and "params" in params)
        remedy = "put a single one in a list" if single else "pass model.parameters()"
        raise TypeError(
            f"{owner}: params should be an iterable such as model.parameters(), not {type(params).__name__}: {remedy}"
        )
    _check_order(params)


def _check_order(params: Any) -> None:
    """Raise if the order, by which a state is saved and loaded, could differ in the next run."""
    if isinstance(params, set | frozenset):
        raise TypeError("params should have an order, but a set has none: give a list of them")


def _groups_of(state_dict: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the groups of a state, and the numbers of all its parameters."""
    if not (isinstance(state_dict, Mapping) and {"state", "param_groups"} <= {*state_dict}):
        what = list(state_dict)[:3] if isinstance(state_dict, Mapping) else type(state_dict).__name__
        raise ValueError(f"the state of an optimizer is a dict with state and param_groups, not {what}")
    saved = state_dict["param_groups"]
    numbers = [number for group in saved for number in group["params"]]
    known = {*numbers}
    unknown = [key for key in state_dict["state"] if key not in known]
    if unknown:
        raise ValueError(
            f"the state has entries for {unknown[:3]}, but its parameters have the numbers {numbers[:3]}"
            + (": JSON made text of them" if any(isinstance(key, str) for key in unknown) else "")
        )
    return saved, numbers


def _tensor_of(owner: str, item: Any) -> Tensor:
    if isinstance(item, tuple) and len(item) == 2:
        item = item[1]
    if not isinstance(item, Tensor):
        raise TypeError(f"{owner}: params should be tensors, not {type(item).__name__}: pass model.parameters()")
    if not item.is_leaf:
        raise ValueError(f"{owner} updates leaves, but one of shape {item.shape} is a result of {item.grad_fn}")
    if item.dtype.kind != "f":
        raise TypeError(f"{owner} updates floating-point tensors, but one of shape {item.shape} is {item.dtype}")
    return item


_RECENT = {"maximize", "decoupled_weight_decay"}  # which states of earlier versions of PyTorch do not have
_HOW = {"fused"}  # how a step is computed: the state of any other optimizer may or may not have it


def _check_options(names: set[str], optimizer: Optimizer, base: type[Optimizer]) -> None:
    """Raise if `names` are those of the options of another kind of optimizer, of all that derive from `base`.

    Names that no optimizer knows are no sign of another: PyTorch has some of its own, such as ``foreach``, and notes
    there what its schedulers start from.
    """
    kinds = kinds_of(base)
    missing = {*optimizer.defaults} - names - _RECENT - _HOW
    foreign = names & set().union(*kinds.values()) - {*optimizer.defaults} - _HOW
    if missing or foreign:
        nearest = min(kinds, key=lambda kind: len(kinds[kind] ^ names))
        found = [*(f"no {name}" for name in sorted(missing)), *sorted(foreign)]
        raise ValueError(
            f"the state is that of another kind of optimizer, of {nearest} by its options, and this is "
            f"{type(optimizer).__name__}: it has {', '.join(found)}. Load it into one of the same kind"
        )


def _warn_of_float64(optimizer: Optimizer) -> None:
    """Warn that parameters of float32 met values of float64, and where."""
    if any(parameter.dtype == np.float32 for group in optimizer.param_groups for parameter in group["params"]):
        warn(
            f"the parameters are float32, but met float64 values in {Widened.take()} and from there on gradients "
            f"are computed in float64, which takes twice the time: make the values float32, as by .astype(np.float32) "
            f"or np.zeros(shape, np.float32), or the parameters float64, by model.double()"
        )
