"""Right programs of trainings, of which nothing is to be said: losses in all loops, and what looks like a mistake."""

# Each is a loss, the number of outputs of the model, and targets.
LOSSES = {
    "classes": ("nn.CrossEntropyLoss()", 3, "c"),
    "classes by the function": ("F.cross_entropy", 3, "c"),
    "classes in a lambda": ("lambda o, q: F.cross_entropy(o, q)", 3, "c"),
    "smoothed": ("nn.CrossEntropyLoss(label_smoothing=0.1)", 3, "c"),
    "weighted classes": ("nn.CrossEntropyLoss(weight=np.float32([1, 2, 1]))", 3, "c"),
    "ignored classes": ("nn.CrossEntropyLoss(ignore_index=2)", 3, "c"),
    "sums": ("nn.CrossEntropyLoss(reduction='sum')", 3, "c"),
    "probabilities": ("nn.CrossEntropyLoss()", 3, "p"),
    "log-probabilities": ("lambda o, q: F.nll_loss(F.log_softmax(o, 1), q)", 3, "c"),
    "by hand": ("lambda o, q: -F.log_softmax(o, 1)[np.arange(len(q)), q].mean()", 3, "c"),
    "logsumexp": ("lambda o, q: (autograd.logsumexp(o, 1) - o[np.arange(len(q)), q]).mean()", 3, "c"),
    "focal": ("lambda o, q: ((1 - F.softmax(o, 1)) ** 2 * -F.log_softmax(o, 1))[np.arange(len(q)), q].mean()", 3, "c"),
    "with entropy": (
        "lambda o, q: F.cross_entropy(o, q) + 0.01 * (F.softmax(o, 1) * F.log_softmax(o, 1)).sum(1).mean()", 3, "c"),
    "policy gradient": ("lambda o, q: -(F.log_softmax(o, 1)[np.arange(len(q)), q] * (q - 1.0)).mean()", 3, "c"),
    "expected reward": ("lambda o, q: -F.softmax(o, 1)[np.arange(len(q)), q].mean()", 3, "c"),
    "divergence": ("lambda o, q: F.kl_div(F.log_softmax(o, 1), q, reduction='batchmean')", 3, "p"),
    "margin": ("nn.MultiMarginLoss()", 3, "c"),
    "several labels": ("nn.BCEWithLogitsLoss()", 3, "m"),
    "one logit": ("nn.BCEWithLogitsLoss()", 1, "b"),
    "one logit, flat": ("lambda o, q: F.binary_cross_entropy_with_logits(o[:, 0], q[:, 0])", 1, "b"),
    "probability": ("lambda o, q: F.binary_cross_entropy(F.sigmoid(o), q)", 1, "b"),
    "logistic by hand": ("lambda o, q: (np.logaddexp(0, o) - o * q).mean()", 1, "b"),
    "squares": ("nn.MSELoss()", 1, "r"),
    "squares by hand": ("lambda o, q: ((o - q) ** 2).mean()", 1, "r"),
    "squares, flat": ("lambda o, q: ((o.ravel() - q.ravel()) ** 2).mean()", 1, "r"),
    "root of squares": ("lambda o, q: np.sqrt(((o - q) ** 2).mean())", 1, "r"),
    "absolute": ("nn.L1Loss()", 1, "r"),
    "Huber": ("nn.HuberLoss()", 1, "r"),
    "quantile": ("lambda o, q: np.maximum(0.9 * (q - o), -0.1 * (q - o)).mean()", 1, "r"),
    "Poisson": ("nn.PoissonNLLLoss()", 1, "b"),
    "mean and variance": ("lambda o, q: (o[:, 1:] + (o[:, :1] - q) ** 2 * np.exp(-2 * o[:, 1:])).mean()", 2, "r"),
    "correlation": ("lambda o, q: -((o - o.mean()) * (q - q.mean())).mean() / o.std()", 1, "r"),
    "explained variance": ("lambda o, q: 1 - 0.5 * ((o - q) ** 2).mean()", 1, "r"),
    "ranks": ("lambda o, q: np.maximum(0, 1 - (o - o.T) * np.sign(q - q.T)).mean() + (o**2).mean()", 1, "r"),
    "pairs": ("lambda o, q: ((o[:, None] - o) ** 2).mean() * 0.1 + F.mse_loss(o, q)", 1, "r"),
}  # fmt: skip

BEGINNING = """
import math
import numpy as np
import autograd, datasets, nn
import nn.functional as F
from autograd import no_grad, tensor

_ = nn.manual_seed(0)
rng = np.random.default_rng(0)
X = rng.normal(size=(48, 4)).astype(np.float32)
r = X[:, :1] - X[:, 1:2]
b = (r > 0).astype(np.float32)
m = (X[:, :3] > 0).astype(np.float32)
c = rng.integers(0, 3, 48)
p = np.eye(3, dtype=np.float32)[c] * 0.7 + 0.1
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, OUT))
model[2].bias.data[...] = 0.1
"""

LOOPS = {
    "fit": """
optimizer = nn.optim.Adam(model.parameters(), lr=0.003)
nn.fit(model, (X, TARGET), LOSS, optimizer, epochs=5, verbose=False)
""",
    "fit with all": """
optimizer = nn.optim.SGD(model.parameters(), lr=0.003, momentum=0.5)
distance = lambda o, q: float(np.abs(o).mean())
nn.fit(model, (X, TARGET), LOSS, optimizer, epochs=5, batch_size=16, validation_split=0.25,
       metrics={"distance": distance}, clip_norm=1.0, accumulate=2, verbose=False)
nn.evaluate(model, (X, TARGET), LOSS)
nn.predict(model, X)
""",
    "watch": """
optimizer, loss_of = nn.optim.RMSprop(model.parameters(), lr=0.001), LOSS
with nn.watch(model, optimizer):
    for step in range(12):
        optimizer.zero_grad()
        loss = loss_of(model(X), TARGET)
        loss.backward()
        optimizer.step()
""",
    "own loop": """
optimizer, loss_of, history, best = nn.optim.Adam(model.parameters(), lr=0.003), LOSS, [], math.inf
for epoch in range(3):
    total = 0.0
    for xs, qs in datasets.batches(X, TARGET, batch_size=16, seed=epoch):
        loss = loss_of(model(xs), qs)
        total += float(loss) * len(xs)
        optimizer.zero_grad()
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(model.parameters(), 1.0))
        optimizer.step()
    history.append(total / len(X))
    best = min(best, float(loss))
    text = f"{epoch} {float(loss):.3f} {math.log(abs(float(loss)) + 1):.3f}"
""",
}

# What looks like a mistake, and is none.
OTHERS = {
    "a number for the log, before": "x = tensor(1.5, requires_grad=True)\nz = x * 3\nlog = [float(x), math.exp(x)]\n"
    "(z * 2.5).backward()",
    "a number that is compared": "x = tensor(1.5, requires_grad=True)\n"
    "z = x * 1.5 if float(x) > 1 and math.exp(x) < 9 else x\nz.backward()",
    "a number without a graph": "x = tensor(1.5, requires_grad=True)\nwith no_grad():\n    s = float(x)\n"
    "(x * s).backward()",
    "a constant that is meant": "x = tensor(1.5, requires_grad=True)\n(x / x.item() + x * float(x.detach())).backward()",
    "a parameter that is printed": "x = tensor(0.7, requires_grad=True)\nfor step in range(3):\n"
    "    text = 'x is %.3f' % float(x)\n    (x * 0.7 + (x - 0.7) ** 2).backward()\n    x.grad = None",
    "a rate that follows the loss": "w = tensor(3.0, requires_grad=True)\nrate = 0.1\nfor step in range(4):\n"
    "    loss = (w - 1) ** 2\n    loss.backward()\n    w = tensor(w.data - rate * w.grad.data, requires_grad=True)\n"
    "    rate = 0.1 / (1 + float(loss))",
    "a new leaf": "a = tensor([1.0], requires_grad=True)\nb = tensor((a * 2).detach(), requires_grad=True)\n"
    "c = tensor(a, requires_grad=True)\nwith no_grad():\n    d = tensor(a * 2, requires_grad=True)",
    "rows that are taken apart": "t = tensor(rng.normal(size=(2, 3)), requires_grad=True)\nx, y = t\n_, last = t\n"
    "low, high = t.max(1)\n_, q = np.linalg.qr(t)",
    "lists in lists": "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.blocks = [[nn.Linear(4, 4), nn.Linear(4, 4)], {'last': [nn.Linear(4, 1)]}]\n        self.sizes = [[1, 2]]\n"
    "    def forward(self, x):\n        for layer in self.blocks[0]:\n            x = np.tanh(layer(x))\n"
    "        return self.blocks[1]['last'][0](x)\n\nnet = Net()\nassert len(list(net.parameters())) == 6\n"
    "copied = Net()\ncopied.load_state_dict(net.state_dict())\nassert (copied(X).data == net(X).data).all()\n"
    "nn.fit(net, (X, r), nn.MSELoss(), nn.optim.Adam(net.parameters()), epochs=3, verbose=False)",
    "dropout by the mode": "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.a, self.drop = nn.Linear(4, 1), nn.Dropout(0.5)\n    def forward(self, x):\n"
    "        return self.a(F.dropout(self.drop(x), 0.1, training=self.training))\n\nnet = Net()\n"
    "nn.fit(net, (X, r), nn.MSELoss(), nn.optim.Adam(net.parameters()), epochs=3, validation=(X, r), verbose=False)\n"
    "assert (nn.predict(net, X) == nn.predict(net, X)).all()",
    "lazy layers": "net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(1))\nnet(X[:2])\n"
    "nn.fit(net, (X, r), nn.MSELoss(), nn.optim.Adam(net.parameters()), epochs=3, verbose=False)",
    "a state that is cut": "cell = nn.GRUCell(4, 8)\noptimizer = nn.optim.Adam(cell.parameters())\n"
    "h = np.zeros((48, 8), np.float32)\nfor step in range(4):\n    optimizer.zero_grad()\n    h = cell(X, h)\n"
    "    h.mean().backward()\n    optimizer.step()\n    h = h.detach()",
    "an input that is kept": "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.a = nn.Linear(4, 1)\n    def forward(self, x):\n        self.x = tensor(x, requires_grad=False)\n"
    "        return self.a(self.x)\n\nnet = Net()\n"
    "nn.fit(net, (X, r), nn.MSELoss(), nn.optim.Adam(net.parameters()), epochs=3, verbose=False)",
    "frozen layers": "model[0].requires_grad_(False)\noptimizer = nn.optim.Adam(model.parameters(), lr=0.003)\n"
    "nn.fit(model, (X, r), nn.MSELoss(), optimizer, epochs=5, verbose=False)",
    "two models": "other = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))\n"
    "first, second = (nn.optim.Adam(each.parameters(), lr=0.003) for each in (model, other))\n"
    "with nn.watch(model, first), nn.watch(other, second):\n    for step in range(12):\n"
    "        fake = model(X)\n        second.zero_grad()\n"
    "        real = F.binary_cross_entropy_with_logits(other(r), np.ones_like(r))\n"
    "        (real + F.binary_cross_entropy_with_logits(other(fake.detach()), np.zeros_like(r))).backward()\n"
    "        second.step()\n        first.zero_grad()\n"
    "        F.binary_cross_entropy_with_logits(other(fake), np.ones_like(r)).backward()\n        first.step()",
    "many batches before a step": "optimizer = nn.optim.SGD(model.parameters(), lr=0.01)\n"
    "with nn.watch(model, optimizer):\n    for step in range(3):\n        optimizer.zero_grad()\n"
    "        for part in range(16):\n            (F.mse_loss(model(X), r) / 16).backward()\n        optimizer.step()",
    "ascent": "optimizer = nn.optim.SGD(model.parameters(), lr=0.01, maximize=True)\nwith nn.watch(model, optimizer):\n"
    "    for step in range(3):\n        optimizer.zero_grad()\n        (-((model(X) - r) ** 2)).mean().backward()\n"
    "        optimizer.step()",
    "closures": "optimizer = nn.optim.LBFGS(model.parameters())\n\n\ndef closure():\n    optimizer.zero_grad()\n"
    "    loss = F.mse_loss(model(X), r)\n    loss.backward()\n    return loss\n\n\nfor step in range(3):\n"
    "    loss = float(optimizer.step(closure))",
    "tensors without modules": "w = tensor(np.zeros((4, 1)), requires_grad=True)\noptimizer = nn.optim.SGD([w], lr=0.1)\n"
    "for step in range(5):\n    optimizer.zero_grad()\n    ((X @ w - r) ** 2).mean().backward()\n    optimizer.step()",
    "a Gaussian process": "x = X[:, 0].astype(float)\nlength = tensor(1.0, requires_grad=True)\n"
    "optimizer = nn.optim.Adam([length], lr=0.01)\nfor step in range(3):\n    optimizer.zero_grad()\n"
    "    K = np.exp(-(((x[:, None] - x) / length) ** 2)) + 0.1 * np.eye(48)\n"
    "    (r[:, 0] @ np.linalg.solve(K, r[:, 0].astype(float)) + np.linalg.slogdet(K)[1]).backward()\n    optimizer.step()",
    "samples of weights": "mean, scale = (tensor(np.zeros(4), requires_grad=True) for _ in range(2))\n"
    "for step in range(3):\n    w = mean + np.exp(scale) * rng.normal(size=4)\n"
    "    (((X @ w - r[:, 0]) ** 2).mean() - scale.sum()).backward()",
    "both seeds": "np.random.seed(0)\n_ = nn.manual_seed(0)\nlayer = nn.Linear(3, 2)",
    "a metric of its own": "flat = lambda o, q: ((o[:, 0] > 0) == (q > 0.5)).mean()\n"
    "ravel = lambda o, q: ((o.ravel() > 0) == (q.ravel() > 0.5)).mean()\nspread = lambda o, q: o.std()\n"
    "loss = lambda o, q: F.mse_loss(o[:, 0], q)\nnn.fit(model, (X, r[:, 0]), loss, nn.optim.Adam(model.parameters()), "
    "epochs=2, metrics={'flat': flat, 'ravel': ravel, 'spread': spread}, verbose=False)",
    "weights of its own": "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.w, self.b = nn.Parameter(rng.normal(size=(4, 1))), nn.Parameter([0.0])\n"
    "        self.register_buffer('scale', np.ones(1))\n        self.constant = tensor([2.0])\n"
    "    def forward(self, x):\n        return (x @ self.w + self.b) * self.constant.data.astype(np.float32)\n\nnet = Net()\n"
    "nn.fit(net, (X, r), nn.MSELoss(), nn.optim.Adam(net.parameters()), epochs=3, verbose=False)\nstate = net.state_dict()",
    "submodules of datasets": "datasets.transforms, datasets.sources.idx",
}


def programs() -> dict[str, str]:
    """Return all programs by name."""
    found = {name: BEGINNING.replace("OUT", "1") + body for name, body in OTHERS.items()}
    for name, (loss, outputs, target) in LOSSES.items():
        for loop, body in LOOPS.items():
            text = (BEGINNING + body).replace("OUT", str(outputs)).replace("LOSS", f"({loss})").replace("TARGET", target)
            found[f"{name}, {loop}"] = text
    return found
