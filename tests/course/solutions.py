"""A right solution of each exercise: what takes the place of its holes."""

from pathlib import Path

from examples.course.checks import NAMES

TASKS = Path(__file__).parents[2] / "examples" / "course" / "tasks"
HOLE = '    raise NotImplementedError("your turn")\n'

SOLUTIONS: dict[int, tuple[str, ...]] = {
    1: ("return g * (1 - out * out)",),
    2: (
        """
order, seen, stack = [], {id(result)}, [(result, iter(result.inputs))]
while stack:
    node, rest = stack[-1]
    for other in rest:
        if id(other) not in seen:
            seen.add(id(other))
            stack.append((other, iter(other.inputs)))
            break
    else:
        order.append(node)
        stack.pop()
result.grad = 1.0
for node in reversed(order):
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
""",
    ),
    3: (
        """
missing = g.ndim - len(shape)
g = g.sum(axis=tuple(range(missing)))
stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
return g.sum(axis=stretched, keepdims=True)
""",
    ),
    4: (
        """
m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g**2
m_now = m / (1 - beta1**t)
v_now = v / (1 - beta2**t)
w = w - lr * m_now / (np.sqrt(v_now) + eps)
return w, m, v
""",
    ),
    5: (
        """
self.weight = nn.Parameter(np.zeros((outputs, inputs)))
self.bias = nn.Parameter(np.zeros(outputs))
bound = 1 / np.sqrt(inputs)
nn.init.uniform_(self.weight, -bound, bound)
nn.init.uniform_(self.bias, -bound, bound)
""",
        "return x @ self.weight.T + self.bias",
    ),
    6: (
        """
z = scores - scores.max(axis=1, keepdims=True)
rows = np.arange(len(labels))
return (np.log(np.exp(z).sum(axis=1)) - z[rows, labels]).mean()
""",
        """
z = scores - scores.max(axis=1, keepdims=True)
e = np.exp(z)
p = e / e.sum(axis=1, keepdims=True)
p[np.arange(len(labels)), labels] -= 1
return g * p / len(labels)
""",
    ),
    7: (
        """
x = x.astype(float)
found = np.zeros(x.shape)
for place in np.ndindex(x.shape):
    value = x[place]
    x[place] = value + h
    above = f(x)
    x[place] = value - h
    below = f(x)
    x[place] = value
    found[place] = (above - below) / (2 * h)
return found
""",
        "return bool(np.all(np.abs(first - second) <= atol + rtol * np.abs(second)))",
    ),
    8: (
        """
if not training:
    return x
kept = generator.random(x.shape) >= p
return x * kept / (1 - p)
""",
    ),
    9: (
        """
x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
rows = (x.shape[2] - w.shape[2]) // stride + 1
columns = (x.shape[3] - w.shape[3]) // stride + 1
out = np.zeros((x.shape[0], w.shape[0], rows, columns))
for a in range(w.shape[2]):
    for b in range(w.shape[3]):
        window = x[:, :, a : a + stride * rows : stride, b : b + stride * columns : stride]
        out = out + np.einsum("nirc,oi->norc", window, w[:, :, a, b])
return out
""",
    ),
    10: (
        """
pieces = list(np.array_split(array, size))
for step in range(size - 1):
    received = yield pieces[(rank - step) % size]
    place = (rank - step - 1) % size
    pieces[place] = pieces[place] + received
for step in range(size - 1):
    received = yield pieces[(rank + 1 - step) % size]
    pieces[(rank - step) % size] = received
return np.concatenate(pieces)
""",
    ),
}


def given(number: int) -> str:
    """Return the file of an exercise as the learner gets it."""
    return (TASKS / f"{NAMES[number - 1]}.py").read_text(encoding="utf-8")


def filled(number: int, *bodies: str) -> str:
    """Return the file of an exercise with its holes filled, by default rightly."""
    text = given(number)
    before = text.count(HOLE.strip())
    bodies = bodies or SOLUTIONS[number]
    assert before == len(bodies)
    for body in bodies:
        at = text.index(HOLE.strip())
        indent = " " * (at - text.rindex("\n", 0, at) - 1)
        lines = [indent + line if line else "" for line in body.strip("\n").splitlines()]
        text = text[: at - len(indent)] + "\n".join(lines) + text[at + len(HOLE.strip()) :]
    return text


# Right in another way than above: none of these may be told to be wrong.
OTHERS: list[tuple[int, tuple[str, ...]]] = [
    (1, ("result = np.ones_like(out)\nresult -= out**2\nresult *= g\nreturn result",)),
    (
        2,
        (
            """
waiting = {}
nodes = [result]
seen = {result}
while nodes:
    node = nodes.pop()
    for other in node.inputs:
        waiting[other] = waiting.get(other, 0) + 1
        if other not in seen:
            seen.add(other)
            nodes.append(other)
result.grad = 1.0
ready = [result]
while ready:
    node = ready.pop()
    for other, slope in zip(node.inputs, node.slopes):
        other.grad += slope * node.grad
        waiting[other] -= 1
        if not waiting[other]:
            ready.append(other)
""",
        ),
    ),
    (
        3,
        (
            """
while g.ndim > len(shape):
    g = g.sum(axis=0)
for axis, length in enumerate(shape):
    if length == 1 and g.shape[axis] != 1:
        g = g.sum(axis=axis, keepdims=True)
return g
""",
        ),
    ),
    (
        4,
        (
            """
m, v, w = m.copy(), v.copy(), w.copy()
m += (1 - beta1) * (g - m)
v += (1 - beta2) * (np.square(g) - v)
w -= lr * (m / (1 - np.power(beta1, t))) / ((v / (1 - np.power(beta2, t))) ** 0.5 + eps)
return w, m, v
""",
        ),
    ),
    (
        5,
        (
            """
import math
high = 1 / math.sqrt(inputs)
self.weight = nn.init.uniform_(nn.Parameter(np.empty((outputs, inputs), np.float32)), -high, high)
self.bias = nn.init.uniform_(nn.Parameter(np.empty(outputs, np.float32)), -high, high)
self.inputs = inputs
""",
            "return np.einsum('bi,oi->bo', x, self.weight) + self.bias[None, :]",
        ),
    ),
    (
        6,
        (
            """
most = scores.max(axis=1)
total = 0.0
for row, label in zip(scores, labels):
    total += np.log(np.sum(np.exp(row - row.max()))) + row.max() - row[label]
return total / len(labels)
""",
            """
logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
truth = np.eye(scores.shape[1])[labels]
return (np.exp(logs) - truth) * (g / scores.shape[0])
""",
        ),
    ),
    (
        7,
        (
            """
flat = np.array(x, dtype=float).ravel()
found = []
for i in range(flat.size):
    step = np.zeros(flat.size)
    step[i] = h
    found.append((f((flat + step).reshape(x.shape)) - f((flat - step).reshape(x.shape))) / h / 2)
return np.array(found).reshape(x.shape)
""",
            """
for a, b in zip(np.ravel(first), np.ravel(second)):
    if not abs(a - b) <= atol + rtol * abs(b):
        return False
return True
""",
        ),
    ),
    (7, (SOLUTIONS[7][0], "return (np.abs(first - second) <= atol + rtol * np.abs(second)).all()")),
    (8, ("return np.where(generator.random(x.shape) < p, 0.0, x / (1 - p)) if training else x",)),
    (8, ("if training:\n    x = x * generator.binomial(1, 1 - p, x.shape) / (1 - p)\nreturn x",)),
    (8, ("if training and p > 0:\n    x = x * (generator.uniform(size=x.shape) > p)\n    x = x / (1 - p)\nreturn x",)),
    (
        9,
        (
            """
if padding:
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="constant")
n, c, height, width = x.shape
o, c, kh, kw = w.shape
out = []
for r in range(0, height - kh + 1, stride):
    for s in range(0, width - kw + 1, stride):
        out.append(np.tensordot(x[:, :, r : r + kh, s : s + kw], w, axes=([1, 2, 3], [1, 2, 3])))
return np.stack(out, axis=2).reshape(n, o, (height - kh) // stride + 1, (width - kw) // stride + 1)
""",
        ),
    ),
    (
        9,
        (
            """
x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
high, wide = (x.shape[2] - w.shape[2]) // stride + 1, (x.shape[3] - w.shape[3]) // stride + 1
out = tensor(np.zeros((len(x), len(w), high, wide)))
for r in range(high):
    for c in range(wide):
        for a in range(w.shape[2]):
            for b in range(w.shape[3]):
                for i in range(w.shape[1]):
                    out[:, :, r, c] += np.outer(x[:, i, r * stride + a, c * stride + b], w[:, i, a, b])
return out
""",
        ),
    ),
    (
        10,
        (
            """
total = array.copy()
pieces = np.array_split(total, size)
for step in range(size - 1):
    received = yield pieces[(rank - 1 - step) % size]
    pieces[(rank - 2 - step) % size] += received
for step in range(size - 1):
    received = yield pieces[(rank - step) % size]
    pieces[(rank - 1 - step) % size][:] = received
return total
""",
        ),
    ),
]
