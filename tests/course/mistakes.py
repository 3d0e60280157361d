"""Wrong solutions, each the right one with a common mistake in it, and words that the message about it has to have."""

from typing import NamedTuple

from .solutions import SOLUTIONS


class Planted(NamedTuple):
    """A mistake: the exercise, what it is, how the right solution is changed, and words of the message.

    Each change is a part of the right solution, and what takes its place; or the whole of a body.
    """

    number: int
    name: str
    changes: dict[str, str] | str | tuple[str, ...]
    words: str

    def bodies(self) -> tuple[str, ...]:
        """Return what fills the holes."""
        if isinstance(self.changes, str):
            return (self.changes,)
        if isinstance(self.changes, tuple):
            return self.changes
        bodies = SOLUTIONS[self.number]
        for old, new in self.changes.items():
            assert any(old in body for body in bodies), old
            bodies = tuple(body.replace(old, new) for body in bodies)
        return bodies


RECURSIVE = """
order, seen = [], set()

def visit(node):
    if id(node) not in seen:
        seen.add(id(node))
        for other in node.inputs:
            visit(other)
        order.append(node)

visit(result)
result.grad = 1.0
for node in reversed(order):
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
"""
VISIT_AGAIN = """
result.grad = 1.0

def visit(node):
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
        visit(other)

visit(result)
"""
EVERY_PATH = """
def visit(node, g):
    node.grad += g
    for other, slope in zip(node.inputs, node.slopes):
        visit(other, g * slope)

visit(result, 1.0)
"""
BY_LEVELS = """
result.grad = 1.0
queue, seen = [result], {result}
for node in queue:
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
        if other not in seen:
            seen.add(other)
            queue.append(other)
"""
FIRST_MET = """
result.grad = 1.0
seen = set()

def visit(node):
    seen.add(node)
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
    for other in node.inputs:
        if other not in seen:
            visit(other)

visit(result)
"""
ONLY_LEADING = "return g.sum(axis=tuple(range(g.ndim - len(shape))))"
ONLY_ONES = """
for axis in range(len(shape)):
    if shape[axis - len(shape)] == 1:
        g = g.sum(axis=axis - len(shape), keepdims=True)
return g
"""
ALL_AXES = """
longer = (1,) * (g.ndim - len(shape)) + shape
return g.sum(axis=tuple(i for i, n in enumerate(longer) if n != g.shape[i]), keepdims=True)
"""
TRAILING = """
while g.ndim > len(shape):
    g = g.sum(axis=-1)
return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
"""
FORWARD = """
found = np.zeros(x.shape)
for place in np.ndindex(x.shape):
    moved = x.astype(float)
    moved[place] += h
    found[place] = (f(moved) - f(x)) / h
return found
"""
NAIVE_LOSS = """
e = np.exp(scores)
p = e / e.sum(axis=1, keepdims=True)
return -np.log(p[np.arange(len(labels)), labels]).mean()
"""
SHIFTED_LOSS = """
z = scores - scores.max(axis=1, keepdims=True)
e = np.exp(z)
p = e / e.sum(axis=1, keepdims=True)
return -np.log(p[np.arange(len(labels)), labels]).mean()
"""
WITHOUT_KEEPDIMS = """
e = np.exp(scores - scores.max(axis=1, keepdims=True))
p = e / e.sum(axis=1)
return -np.log(p[np.arange(len(labels)), labels]).mean()
"""
BY_COLUMNS = """
e = np.exp(scores - scores.max(axis=0, keepdims=True))
p = e / e.sum(axis=0, keepdims=True)
return -np.log(p[np.arange(len(labels)), labels]).mean()
"""
CHOSEN_COLUMNS = """
e = np.exp(scores - scores.max(axis=1, keepdims=True))
p = e / e.sum(axis=1, keepdims=True)
return -np.log(p[:, labels]).mean()
"""
PLAIN_ARRAYS = """
bound = 1 / np.sqrt(inputs)
self.weight = np.random.uniform(-bound, bound, (outputs, inputs))
self.bias = np.random.uniform(-bound, bound, outputs)
"""
IN_PLACE = """
found = np.zeros(x.shape)
for place in np.ndindex(x.shape):
    x[place] += h
    above = f(x)
    x[place] -= 2 * h
    found[place] = (above - f(x)) / (2 * h)
return found
"""
LOSS, RULE = SOLUTIONS[6]
GRADIENT, AGREE = SOLUTIONS[7]
LAYER, FORWARD_LAYER = SOLUTIONS[5]
PHASES = SOLUTIONS[10][0].index("for step", SOLUTIONS[10][0].index("for step") + 1)
FIRST_PHASE = SOLUTIONS[10][0][:PHASES]
WHOLE_ARRAYS = """
total = passing = array
for _ in range(size - 1):
    passing = yield passing
    total = total + passing
return total
"""
ONE_ROUND = """
if size == 1:
    return array
received = yield array
return array + received
"""
SNOWBALL = """
total = array
for _ in range(size - 1):
    received = yield total
    total = total + received
return total
"""

MISTAKES = [
    Planted(1, "g forgotten", "return 1 - out * out", "g is not used"),
    Planted(1, "sign wrong", "return g * (out**2 - 1)", "The sign is wrong"),
    Planted(1, "square forgotten", "return g * (1 - out)", "A square is missing"),
    Planted(1, "tanh of tanh", "return g * (1 - np.tanh(out) ** 2)", "tanh is applied once more"),
    Planted(1, "g added", "return g + (1 - out**2)", "g is added where the chain rule multiplies"),
    Planted(1, "summed", "return np.sum(g * (1 - out**2))", "added up to one number"),
    Planted(1, "returns None", "g * (1 - out**2)", "tanh_rule returns None"),
    Planted(1, "writes into g", "g *= 1 - out**2\nreturn g", "changes its argument g in place"),
    Planted(1, "divided", "return g / (1 - out**2)", "g is divided by the derivative"),
    Planted(1, "plus", "return g * (1 + out**2)", "A plus stands where the derivative has a minus"),
    Planted(2, "does not accumulate", {"other.grad += slope": "other.grad = slope"}, "takes the place of the first"),
    Planted(2, "forgets the seed", {"result.grad = 1.0\n": ""}, "the walk begins with 0"),
    Planted(2, "leaves first", {"reversed(order)": "order"}, "The walk goes from the leaves to the result"),
    Planted(2, "slopes alone", {"slope * node.grad": "slope"}, "not multiplied with the gradient of the node"),
    Planted(2, "visits a node twice", VISIT_AGAIN, "was visited twice"),
    Planted(2, "by levels", BY_LEVELS, "visited by their distance from the result"),
    Planted(2, "when first met", FIRST_MET, "when it is first met"),
    Planted(2, "every path", EVERY_PATH, "goes along every path"),
    Planted(2, "recursion", RECURSIVE, "a deep graph is too much"),
    Planted(3, "no sum", "return g", "nothing is added up where an axis was stretched"),
    Planted(3, "only missing axes", ONLY_LEADING, "Axes of length 1 are not added up"),
    Planted(3, "only axes of length 1", ONLY_ONES, "Axes that are missing on the left are not added up"),
    Planted(3, "keepdims forgotten", {", keepdims=True": ""}, "An axis of length 1 is gone"),
    Planted(3, "wrong axis", TRAILING, "The wrong axis is added up: the last"),
    Planted(3, "mean", {"g.sum": "g.mean"}, "A mean is taken where the sum belongs"),
    Planted(3, "one total", "return np.full(shape, g.sum()) if g.shape != shape else g", "gets the same total"),
    Planted(3, "one row", "while g.ndim > len(shape):\n    g = g[0]\nreturn g", "One row is taken for all"),
    Planted(3, "reshape", "return np.resize(g, shape)", "a reshape adds nothing up"),
    Planted(3, "first axis", "return g.sum(axis=0)", "The first axis is added up in any case"),
    Planted(3, "one number", "return g.sum()", "Everything is added up to one number"),
    Planted(3, "too many axes", ALL_AXES, "An axis that was missing is still there"),
    Planted(3, "reshape that fails", "return g.reshape(shape)", "without adding anything up"),
    Planted(4, "no bias correction", {"m / (1 - beta1**t)": "m", "v / (1 - beta2**t)": "v"}, "bias is not corrected"),
    Planted(4, "eps in the root", {"np.sqrt(v_now) + eps": "np.sqrt(v_now + eps)"}, "within the square root"),
    Planted(4, "uphill", {"w - lr": "w + lr"}, "The step goes uphill"),
    Planted(4, "g not squared", {"g**2": "g"}, "where it is that of their squares"),
    Planted(4, "betas swapped", {"beta1 * m + (1 - beta1)": "beta2 * m + (1 - beta2)", "beta2 * v + (1 - beta2)":
            "beta1 * v + (1 - beta1)"}, "have changed places"),
    Planted(4, "no root", {"np.sqrt(v_now)": "v_now"}, "The square root is missing"),
    Planted(4, "no eps", {" + eps": ""}, "eps is left out"),
    Planted(4, "corrected means kept", {"return w, m, v": "return w, m_now, v_now"}, "returned as the new means"),
    Planted(4, "t from 0", {"**t": "**(t - 1)"}, "t is counted from 0"),
    Planted(4, "writes into w", {"w = w - ": "w -= "}, "changes its argument w in place"),
    Planted(4, "brackets", {"(np.sqrt(v_now) + eps)": "np.sqrt(v_now) + eps"}, "a pair of brackets is missing"),
    Planted(4, "only m corrected", {"v / (1 - beta2**t)": "v"}, "Only m is corrected"),
    Planted(4, "step alone", {"w = w - lr": "w = lr"}, "The step itself is returned"),
    Planted(4, "order", {"return w, m, v": "return m, v, w"}, "in another order"),
    Planted(5, "plain arrays", (PLAIN_ARRAYS, FORWARD_LAYER), "weight is no parameter"),
    Planted(5, "bias not added", (LAYER, "return x @ self.weight.T"), "The bias is not added"),
    Planted(5, "no bias", (LAYER.replace("self.bias", "self.b"), "return x @ self.weight.T"), "The layer has no bias"),
    Planted(5, "transposed", {"(outputs, inputs)": "(inputs, outputs)", ".T": ""}, "it is transposed"),
    Planted(5, "zeros", {"nn.init.uniform_(self.weight, -bound, bound)\n": ""}, "All weights are equal: 0"),
    Planted(5, "scale forgotten", {"1 / np.sqrt(inputs)": "1.0"}, "The weights are too large for 400 inputs"),
    Planted(5, "only positive", {"-bound, bound": "0, bound"}, "All weights are positive"),
    Planted(5, "detached", (LAYER, "return x @ self.weight.data.T + self.bias.data"), "no gradient can flow"),
    Planted(5, "weight detached", (LAYER, "return x @ self.weight.data.T + self.bias"),
            "No gradient arrives at weight"),
    Planted(5, "returns None", (LAYER, "x @ self.weight.T + self.bias"), "forward returns None"),
    Planted(5, "weight not transposed", (LAYER, "return x @ self.weight + self.bias"), "the inner lengths differ"),
    Planted(6, "overflow", (NAIVE_LOSS, RULE), "Large scores overflow"),
    Planted(6, "log of 0", (SHIFTED_LOSS, RULE), "A probability becomes 0"),
    Planted(6, "maximum of the batch", {"scores.max(axis=1, keepdims=True)": "scores.max()"}, "of the whole batch"),
    Planted(6, "sum", {").mean()": ").sum()"}, "added up, where their mean is asked for"),
    Planted(6, "wrong axis", (BY_COLUMNS, RULE), "The softmax goes down the columns"),
    Planted(6, "keepdims forgotten", (WITHOUT_KEEPDIMS, RULE), "has lost its axis"),
    Planted(6, "sign", (LOSS.replace("return (", "return -("), RULE), "the loss is negative"),
    Planted(6, "columns of labels", (CHOSEN_COLUMNS, RULE), "p[:, labels] takes the columns of all labels"),
    Planted(6, "truth forgotten", {"p[np.arange(len(labels)), labels] -= 1\n": ""}, "the truth is not subtracted"),
    Planted(6, "mean forgotten in the rule", {"g * p / len(labels)": "g * p"}, "n times too large"),
    Planted(6, "g forgotten", {"g * p": "p"}, "g is not used"),
    Planted(6, "truth in columns", {"p[np.arange(len(labels)), labels]": "p[:, labels]"},
            "in the columns of all labels"),
    Planted(7, "forward difference", (FORWARD, AGREE), "over one side only"),
    Planted(7, "divided by h", {"(2 * h)": "h"}, "twice as large"),
    Planted(7, "all at once", ("return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))", AGREE), "moved at once"),
    Planted(7, "not put back", {"    x[place] = value\n": ""}, "is not put back"),
    Planted(7, "whole numbers", {"x.astype(float)": "x.copy()"}, "A step gets lost in an array of whole numbers"),
    Planted(7, "writes into x", (IN_PLACE, AGREE), "changes its argument x in place"),
    Planted(7, "rows", {"np.ndindex(x.shape)": "range(len(x))", "value = x[place]": "value = x[place].copy()"},
            "Whole rows are moved"),
    Planted(7, "sign", {"above - below": "below - above"}, "The sign is wrong"),
    Planted(7, "abs forgotten", (GRADIENT, "return bool(np.all(first - second <= atol + rtol * np.abs(second)))"),
            "A difference far below zero counts as small"),
    Planted(7, "any", {"np.all": "np.any"}, "One element that agrees is enough"),
    Planted(7, "absolute only", {" + rtol * np.abs(second)": ""}, "rtol is not used"),
    Planted(7, "nan", (GRADIENT, "return not np.any(np.abs(first - second) > atol + rtol * np.abs(second))"),
            "nan agrees with everything"),
    Planted(8, "scale forgotten", {" / (1 - p)": ""}, "are not scaled"),
    Planted(8, "scaled by p", {"/ (1 - p)": "/ p"}, "divided by p"),
    Planted(8, "shrinks", {"/ (1 - p)": "* (1 - p)"}, "which makes the mean even smaller"),
    Planted(8, "drops in evaluation", {"if not training:\n    return x\n": ""}, "dropped in evaluation too"),
    Planted(8, "scales in evaluation", {"return x\n": "return x / (1 - p)\n"}, "In evaluation x is scaled"),
    Planted(8, "keeps p", {">= p": "< p"}, "p is taken for the share that stays"),
    Planted(8, "whole rows", {"random(x.shape)": "random((x.shape[0],) + (1,) * (x.ndim - 1))"}, "Each row is dropped"),
    Planted(8, "other generator", {"generator.random": "np.random.default_rng().random"},
            "do not come from the generator"),
    Planted(8, "same mask always", {"generator.random": "np.random.default_rng(0).random"},
            "Every call drops the same"),
    Planted(8, "detached", {"return x * kept": "return np.asarray(getattr(x, 'data', x)) * kept"},
            "no gradient can flow"),
    Planted(8, "writes into x", {"return x * kept / (1 - p)": "x[~kept] = 0\nreturn x / (1 - p)"},
            "changes its argument x in place"),
    Planted(9, "kernel flipped", {"w[:, :, a, b])": "w[:, :, -1 - a, -1 - b])"}, "The kernel is turned around"),
    Planted(9, "kernel transposed", {"x = np.pad": "w = w.swapaxes(2, 3)\nx = np.pad"}, "have changed places"),
    Planted(9, "stride ignored", {"// stride": "", "stride * ": "", ": stride": ""}, "The stride is not used"),
    Planted(9, "stride for rows only", {"(x.shape[3] - w.shape[3]) // stride": "x.shape[3] - w.shape[3]",
            "b : b + stride * columns : stride": "b : b + columns"}, "used for the rows only"),
    Planted(9, "no padding", {"x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])\n": ""},
            "The image has no padding"),
    Planted(9, "padding on one side", {"(padding, padding)": "(padding, 0)"}, "one side only"),
    Planted(9, "padding everywhere", {"[(0, 0), (0, 0), (padding, padding), (padding, padding)]": "padding"},
            "added to all four axes"),
    Planted(9, "edge", {"(padding, padding)])": "(padding, padding)], mode='edge')"}, "The padding repeats the edge"),
    Planted(9, "too small", {" // stride + 1": " // stride"}, "one row and one column too small"),
    Planted(9, "first channel", {"window, w[:, :, a, b]": "window[:, :1], w[:, :1, a, b]"}, "Only the first channel"),
    Planted(9, "detached", {"return out": "return np.array(out if isinstance(out, np.ndarray) else out.data)"},
            "no gradient can flow"),
    Planted(9, "writes into an array", {"out = out + ": "out += "}, "would cut the gradient off"),
    Planted(10, "no second half", FIRST_PHASE + "return np.concatenate(pieces)", "do not go round"),
    Planted(10, "overwrites", {"pieces[place] + received": "received"}, "takes the place of the own piece"),
    Planted(10, "adds in the second half", {"pieces[(rank - step) % size] = received":
            "pieces[(rank - step) % size] = pieces[(rank - step) % size] + received"}, "some summands count twice"),
    Planted(10, "mean", {"np.concatenate(pieces)": "np.concatenate(pieces) / size"}, "The mean is returned"),
    Planted(10, "a round too many", {"for step in range(size - 1):\n    received = yield pieces[(rank - step)":
            "for step in range(size):\n    received = yield pieces[(rank - step)"},
            "too many rounds in the first half"),
    Planted(10, "one round", ONE_ROUND, "there is a single round"),
    Planted(10, "snowball", SNOWBALL, "added again and again"),
    Planted(10, "whole arrays", WHOLE_ARRAYS, "each rank sends 24 numbers in 3 rounds"),
    Planted(10, "equal pieces", {"np.array_split": "np.split"}, "The pieces have to be equally long"),
    Planted(10, "unfinished piece", {"(rank + 1 - step)": "(rank - step)", "pieces[(rank - step) % size] = received":
            "pieces[(rank - step - 1) % size] = received"}, "begins with a piece that is not finished"),
    Planted(10, "writes into the array", {"pieces[place] = pieces[place] + received": "pieces[place] += received"},
            "changes the array that it is given"),
]  # fmt: skip
