"""Beginners' mistakes: programs, what the answer has to say, and the edits that the answer proposes.

Each is a name, a program, which goes on from `BEGINNING`, the parts of the message, and pairs of a text and what stands in
its place once the remedy was done: the program is right then, and nothing is said. A program ends at the line with the
mistake, or the line is marked by ``# here``.
"""

BEGINNING = """
import math
import numpy as np
import pandas as pd
import autograd, datasets, nn
import nn.functional as F
from autograd import draw_graph, lint, no_grad, tensor

_ = nn.manual_seed(0)
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 4)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
t = X[:, 0] - X[:, 1]
model = nn.MLP([4, 8, 2])
one = nn.MLP([4, 8, 1])
quick = dict(epochs=3, verbose=False)


def adam(model):
    return nn.optim.Adam(model.parameters(), lr=0.01)
"""

Case = tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...]]

_TRAINING = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 2)
        SETUP

    def forward(self, x):
        h = np.maximum(self.a(x), 0)
        RETURN


net = Net()
nn.fit(net, (X, y), nn.CrossEntropyLoss(), adam(net), **quick)  # here
"""


def _net(setup: str, result: str, end: str = "") -> str:
    return _TRAINING.replace("SETUP", setup).replace("RETURN", result) + end


SILENT: list[Case] = [
    (
        "S0 accuracy of one logit",
        "nn.fit(one, (X, y[:, None] * 1.0), nn.BCEWithLogitsLoss(), adam(one), metrics='accuracy', **quick)",
        ("one logit a row", "(output.ravel() > 0) == target.ravel()"),
        (("'accuracy'", "{'accuracy': lambda output, target: ((output.ravel() > 0) == target.ravel()).mean()}"),),
    ),
    (
        "S0b own metric broadcasts",
        "loss = lambda p, q: F.binary_cross_entropy_with_logits(p[:, 0], q)\n"
        "right = lambda p, q: ((p > 0) == q).mean()\n"
        "nn.fit(one, (X, y * 1.0), loss, adam(one), metrics={'right': right}, **quick)",
        ("metric 'right'", "(32, 1)", "(32,)", "target.reshape(output.shape)"),
        (("== q)", "== q.reshape(p.shape))"),),
    ),
    (
        "S1 fit: own loss broadcasts",
        "loss = lambda p, q: ((p - q) ** 2).mean()  # here\nnn.fit(one, (X, t), loss, adam(one), **quick)",
        ("(32, 1)", "(32,)", "each output with each label", "y.reshape(-1, 1)"),
        (("(p - q)", "(p - q.reshape(-1, 1))"),),
    ),
    (
        "S1b fit: np.abs broadcasts",
        "nn.fit(one, (X, t), lambda p, q: np.abs(p - q).mean(), adam(one), **quick)",
        ("(32, 1)", "(32,)", "each output with each label", "reshape(-1, 1)"),
        (("(p - q)", "(p - q.reshape(-1, 1))"),),
    ),
    (
        "S1c watch: own loss broadcasts",
        "opt = adam(one)\nwith nn.watch(one, opt):\n    for step in range(3):\n        opt.zero_grad()\n"
        "        loss = ((one(X) - t) ** 2).mean()  # here\n        loss.backward()\n        opt.step()",
        ("(64, 1)", "(64,)", "each output with each label", "reshape(-1, 1)"),
        (("- t)", "- t.reshape(-1, 1))"),),
    ),
    (
        "S2 math.exp on the tape",
        "x = tensor(1.0, requires_grad=True)\n(math.exp(x) * x).backward()",
        ("math.exp()", "made a number", "numpy.exp"),
        (("math.exp", "np.exp"),),
    ),
    (
        "S2b float on the tape",
        "x = tensor(2.0, requires_grad=True)\nz = float(x) * x  # here\nz.backward()",
        ("float()", "made a number", "t.item()"),
        (("float(x)", "x"),),
    ),
    (
        "S2c a number that comes back later",
        "x = tensor(2.0, requires_grad=True)\ns = math.sqrt(x)  # here\nz = x * 3\nz = z * s\nz.backward()",
        ("math.sqrt()", "made a number", "numpy.sqrt"),
        (("math.sqrt", "np.sqrt"),),
    ),
    (
        "S3 a tensor of a live tensor",
        "a = tensor([1.0], requires_grad=True)\nb = tensor(a * 2, requires_grad=True)",
        ("without its graph", "detach()"),
        (("tensor(a * 2, requires_grad=True)", "a * 2"),),
    ),
    (
        "S4 a plain tensor in a module",
        _net("self.w = tensor(np.ones(2, np.float32), requires_grad=True)", "return self.b(h) * self.w"),
        ("w (2,)", "nn.Parameter", "neither trained nor saved"),
        (("tensor(np.ones(2, np.float32), requires_grad=True)", "nn.Parameter(np.ones(2))"),),
    ),
    (
        "S4b a plain tensor is not saved",
        "model.w = tensor(np.ones(2, np.float32), requires_grad=True)\nmodel.state_dict()",
        ("w (2,)", "nn.Parameter"),
        (("tensor(np.ones(2, np.float32), requires_grad=True)", "nn.Parameter(np.ones(2))"),),
    ),
    (
        "S6 a layer made in forward",
        _net("", "return nn.Linear(8, 2)(h)  # here"),
        ("made anew", "__init__"),
        (("nn.Linear(8, 2)(h)  # here", "self.b(h)"),),
    ),
    (
        "S6b watch: a layer made in forward",
        _net("", "return nn.Linear(8, 2)(h)  # here").replace("nn.fit(net, (X, y), nn.CrossEntropyLoss(), adam(net), **quick)  # here", "opt = adam(net)\nwith nn.watch(net, opt):\n    for step in range(3):\n        opt.zero_grad()\n        F.cross_entropy(net(X), y).backward()  # here\n        opt.step()"),
        ("made anew", "__init__"),
        (("nn.Linear(8, 2)(h)  # here", "self.b(h)"),),
    ),
    (
        "S7 fit: the sign of the loss",
        "nn.fit(model, (X, y), lambda o, q: -F.cross_entropy(o, q), adam(model), **quick)",
        ("below 0", "sign", "minimised"),
        (("-F", "F"),),
    ),
    (
        "S7b watch: the sign of the loss",
        "opt = adam(one)\nwith nn.watch(one, opt):\n    for step in range(20):\n        opt.zero_grad()\n"
        "        loss = -((one(X)[:, 0] - t) ** 2).mean()\n        loss.backward()  # here\n        opt.step()",
        ("below 0", "sign", "minimised"),
        (("-((", "(("),),
    ),
    (
        "S8 multi-hot rows",
        "Y = np.float32([[1, 1]] * 64)\nnn.fit(model, (X, Y), nn.CrossEntropyLoss(), adam(model), **quick)",
        ("sum to 2", "probabilities", "BCEWithLogitsLoss"),
        (("CrossEntropyLoss", "BCEWithLogitsLoss"),),
    ),
    (
        "S9 opt.step without parentheses",
        "opt = adam(model)\nwatch = nn.watch(model, opt)\nfor step in range(30):\n    opt.zero_grad()\n"
        "    F.cross_entropy(model(X), y).backward()  # here\n    opt.step",
        ("optimizer.step()", "parentheses"),
        (("opt.step", "opt.step()"),),
    ),
    (
        "S10 watch: softmax before cross-entropy",
        "model.append(nn.Softmax(1))\nopt, loss = adam(model), nn.CrossEntropyLoss()\nwatch = nn.watch(model, opt)\n"
        "for step in range(30):\n    opt.zero_grad()\n    loss(model(X), y).backward()  # here\n    opt.step()",
        ("cross-entropy", "softmax itself", "Remove"),
        (("model.append(nn.Softmax(1))", ""),),
    ),
    (
        "S10b lint: softmax before cross-entropy",
        "model.append(nn.Softmax(1))\nfindings = lint(nn.CrossEntropyLoss()(model(X), y))  # here\nprint(*findings, sep='\\n', end='')",
        ("softmax", "Remove"),
        (("model.append(nn.Softmax(1))", ""),),
    ),
    (
        "S11 an optimizer of constants",
        "opt = nn.optim.SGD([tensor([1.0, 2.0])], lr=0.1)",
        ("requires_grad=True", "never change"),
        (("2.0])", "2.0], requires_grad=True)"),),
    ),
    (
        "S12 dropout made in forward",
        _net("", "return self.b(nn.Dropout(0.5)(h))  # here", "nn.predict(net, X)"),
        ("dropout", "__init__", "self.training"),
        (("nn.Dropout(0.5)(h)", "F.dropout(h, 0.5, training=self.training)"),),
    ),
    (
        "S12b functional dropout",
        _net("", "return self.b(F.dropout(h, 0.5))  # here", "nn.evaluate(net, (X, y), nn.CrossEntropyLoss())"),
        ("dropout", "__init__", "self.training"),
        (("0.5)", "0.5, training=self.training)"),),
    ),
    (
        "S13 a step before any backward",
        "opt = adam(model)\nopt.step()",
        ("no parameter has a gradient", "backward()"),
        (("opt.step()", "F.cross_entropy(model(X), y).backward(); opt.step()"),),
    ),
    (
        "S14 clipping before backward",
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        ("no parameter has a gradient", "backward()"),
        (("nn.utils", "F.cross_entropy(model(X), y).backward(); nn.utils"),),
    ),
    (
        "S16 sigmoid: outputs (n,)",
        "one.append(nn.Sigmoid())\none.append(nn.Flatten(0))\n"
        "nn.fit(one, (X, y * 1.0), nn.BCEWithLogitsLoss(), adam(one), **quick)",
        ("sigmoid itself", "Remove"),
        (("one.append(nn.Sigmoid())\n", ""),),
    ),
    (
        "S16b sigmoid: functional form, small batch",
        "loss = lambda p, q: F.binary_cross_entropy_with_logits(F.sigmoid(p[:, 0]), q)\n"
        "nn.fit(one, (X, y * 1.0), loss, adam(one), batch_size=4, **quick)",
        ("sigmoid itself", "Remove"),
        (("F.sigmoid(p[:, 0])", "p[:, 0]"),),
    ),
    (
        "S16c softmax: a lambda",
        "model.append(nn.Softmax(1))\nnn.fit(model, (X, y), lambda o, q: F.cross_entropy(o, q), adam(model), **quick)",
        ("softmax itself", "Remove"),
        (("model.append(nn.Softmax(1))", ""),),
    ),
    (
        "S17 max gives values alone",
        "out = model(X)[:2]\n_, pred = out.max(1)",
        ("max()", "argmax"),
        (("_, pred = out.max(1)", "pred = out.argmax(1)"),),
    ),
]

VAGUE: list[Case] = [
    (
        "V1 fit with X and y apart",
        "nn.fit(model, X, y, nn.CrossEntropyLoss(), adam(model), **quick)",
        ("one tuple", "(X, y)"),
        (("X, y,", "(X, y),"),),
    ),
    (
        "V1b fit as scikit-learn has it",
        "nn.fit(model, X, y, **quick)",
        ("one tuple", "(X, y)", "nn.optim.Adam(model.parameters())"),
        (("X, y,", "(X, y), nn.CrossEntropyLoss(), nn.optim.Adam(model.parameters()),"),),
    ),
    (
        "V1c fit without an optimizer",
        "nn.fit(model, (X, y), nn.CrossEntropyLoss(), **quick)",
        ("nn.optim.Adam(model.parameters())",),
        (("Loss(), ", "Loss(), nn.optim.Adam(model.parameters()), "),),
    ),
    (
        "V2 LSTM in Sequential",
        "nn.Sequential(nn.LSTM(4, 8), nn.Linear(8, 2))(X[None])",
        ("layer 0, LSTM", "tuple", "[0]"),
        (("nn.Sequential(nn.LSTM(4, 8), nn.Linear(8, 2))(X[None])", "nn.Linear(8, 2)(nn.LSTM(4, 8)(X[None])[0])"),),
    ),
    (
        "V3 concatenate without a list",
        "a = tensor([1.0, 2.0], requires_grad=True)\nnp.concatenate(a, a)",
        ("np.concatenate([", "list"),
        (("(a, a)", "([a, a])"),),
    ),
    (
        "V4 a loss called as a function",
        "nn.CrossEntropyLoss(model(X), y)",
        ("nn.CrossEntropyLoss()(", "is made first"),
        (("Loss(", "Loss()("),),
    ),
    (
        "V4b a layer called as a function",
        "nn.ReLU(model(X))",
        ("nn.ReLU()(", "is made first"),
        (("ReLU(", "ReLU()("),),
    ),
    (
        "V5 arguments of a loss swapped",
        "nn.CrossEntropyLoss()(y, model(X))",
        ("swapped", "(output, target)"),
        (("y, model(X)", "model(X), y"),),
    ),
    (
        "V5b the split taken apart in another order",
        "X_train, y_train, X_test, y_test = datasets.train_test_split(X, y, test_size=0.5)\n"
        "nn.fit(model, (X_train, y_train), nn.CrossEntropyLoss(), adam(model), **quick)",
        ("X_train, X_test, y_train, y_test",),
        (("X_train, y_train, X_test, y_test =", "X_train, X_test, y_train, y_test ="),),
    ),
    (
        "V6 no channel axis",
        "images = rng.random((32, 28, 28)).astype(np.float32)\nnn.Conv2d(1, 4, 3)(images)",
        ("x[:, None]",),
        (("(images)", "(images[:, None])"),),
    ),
    (
        "V6b channels last",
        "images = rng.random((32, 28, 28, 3)).astype(np.float32)\nnn.Conv2d(3, 4, 3)(images)",
        ("x.transpose(0, 3, 1, 2)",),
        (("(images)", "(images.transpose(0, 3, 1, 2))"),),
    ),
    (
        "V7 cross-entropy of one class",
        "nn.fit(one, (X, 0 * y), nn.CrossEntropyLoss(), adam(one), **quick)",
        ("one class is always 0", "BCEWithLogitsLoss", "MSELoss"),
        (("0 * y", "y[:, None] * 1.0"), ("CrossEntropyLoss", "BCEWithLogitsLoss")),
    ),
    (
        "V8 a state carried over steps",
        "cell = nn.RNNCell(4, 8)\nopt, h = adam(cell), np.zeros((64, 8), np.float32)\nfor step in range(3):\n"
        "    h = cell(X, h)\n    opt.zero_grad()\n    h.mean().backward()  # here\n    opt.step()",
        ("an earlier step", "detach()"),
        (("cell(X, h)", "cell(X, h.detach() if step else h)"),),
    ),
    (
        "V9 matmul of a DataFrame",
        "W = tensor(np.ones((4, 2)), requires_grad=True)\nnp.matmul(pd.DataFrame(X), W)",
        ("DataFrame", "to_numpy()"),
        (("pd.DataFrame(X)", "pd.DataFrame(X).to_numpy()"),),
    ),
    (
        "V9b dot as a method of an ndarray",
        "W = tensor(np.ones((4, 2)), requires_grad=True)\nX.dot(W)",
        ("@",),
        (("X.dot(W)", "X @ W"),),
    ),
    (
        "V10 no_grad without parentheses",
        "with no_grad:  # here\n    model(X)",
        ("no_grad()",),
        (("no_grad:", "no_grad():"),),
    ),
    ("V11 learning_rate", "nn.optim.Adam(model.parameters(), learning_rate=0.01)", ("lr=", "learning_rate"), (("learning_rate=", "lr="),)),
    ("V11b validation_data", "nn.fit(model, (X, y), nn.CrossEntropyLoss(), adam(model), validation_data=(X, y), **quick)", ("validation=",), (("validation_data", "validation"),)),
    ("V11c epoch", "nn.fit(model, (X, y), nn.CrossEntropyLoss(), adam(model), epoch=2, verbose=False)", ("'epochs'",), (("epoch=", "epochs="),)),
    ("V11d batchsize", "datasets.batches(X, y, batchsize=8)", ("batch_size=32",), (("batchsize", "batch_size"),)),
    ("V11e require_grad", "tensor([1.0], require_grad=True)", ("'requires_grad'",), (("require_grad", "requires_grad"),)),
    ("V11f in_dim", "nn.Linear(in_dim=4, out_features=2)", ("in_features=",), (("in_dim", "in_features"),)),
    ("V11g activation", "nn.Linear(4, 2, activation='relu')", ("nn.ReLU()", "layer of its own"), (("nn.Linear(4, 2, activation='relu')", "nn.Sequential(nn.Linear(4, 2), nn.ReLU())"),)),
    ("V11h kernel", "nn.Conv2d(1, 4, kernel=3)", ("'kernel_size'",), (("kernel=", "kernel_size="),)),
    (
        "V12 storing in an array",
        "v = tensor(1.0, requires_grad=True)\npos = np.zeros(10)\npos[1] = pos[0] + 0.1 * v",
        ("numpy.stack", "make the ndarray a tensor"),
        (("np.zeros(10)", "tensor(np.zeros(10))"),),
    ),
    (
        "V13 nn.load gives a state",
        "import tempfile, os\npath = os.path.join(tempfile.mkdtemp(), 'm.npz')\nnn.save(model, path)\n"
        "loaded = nn.load(path)\nloaded(X)",
        ("load_state_dict(",),
        (("loaded = nn.load(path)", "loaded = model; loaded.load_state_dict(nn.load(path))"),),
    ),
    ("V13b MAELoss", "nn.MAELoss()", ("nn.L1Loss",), (("MAELoss", "L1Loss"),)),
    ("V13c add", "model.add(nn.ReLU())", ("append",), (("add", "append"),)),
    ("V13d load", "model.load('path.npz')", ("m.load_state_dict(nn.load(path))",), (("model.load('path.npz')", "model.load_state_dict(model.state_dict())"),)),
    ("V13e draw_dot", "from autograd import draw_dot", ("draw_graph",), (("draw_dot", "draw_graph"),)),
    ("V13f W", "model[0].W", ("weight",), ((".W", ".weight"),)),
    ("V13g zero_gradients", "adam(model).zero_gradients()", ("zero_grad()",), (("zero_gradients", "zero_grad"),)),
    ("V14 DataLoader of two arrays", "datasets.DataLoader(X, y, batch_size=32)", ("TensorDataset(X, y)",), (("X, y,", "datasets.TensorDataset(X, y),"),)),
    ("V15 a float for batch_size", "nn.fit(model, (X, y), nn.CrossEntropyLoss(), adam(model), batch_size=len(X) / 4, **quick)", ("batch_size", "16.0", "//"), (("/ 4", "// 4"),)),
    (
        "V16 classes are axis 1",
        "scores = tensor(rng.random((8, 5, 10)), requires_grad=True)\nF.cross_entropy(scores, rng.integers(0, 10, (8, 5)))",
        ("axis 1", "swapaxes(1, -1)"),
        (("(scores,", "(scores.swapaxes(1, -1),"),),
    ),
    ("V17 the model, not its output", "nn.CrossEntropyLoss()(model, y)", ("call it", "model(X)"), (("(model,", "(model(X),"),)),
    ("V17b a list in Sequential", "nn.Sequential([nn.Linear(4, 2), nn.ReLU()])", ("Sequential(*",), (("Sequential([", "Sequential(*["),)),
    ("V17c a class in Sequential", "nn.Sequential(nn.Linear(4, 2), nn.ReLU)", ("ReLU()",), (("ReLU)", "ReLU())"),)),
    ("V17d a function in Sequential", "nn.Sequential(nn.Linear(4, 2), np.tanh)", ("nn.Tanh()",), (("np.tanh", "nn.Tanh()"),)),
    (
        "V18 np.save of a parameter",
        "import tempfile, os\nnp.save(os.path.join(tempfile.mkdtemp(), 'w.npy'), model[0].weight)",
        (".data", "nn.save"),
        ((".weight", ".weight.data"),),
    ),
    (
        "V19 a loss without return",
        "def loss(o, q):\n    F.cross_entropy(o, q)\n\n\nnn.fit(model, (X, y), loss, adam(model), **quick)",
        ("None", "is a return missing?"),
        (("    F.", "    return F."),),
    ),
    ("V20 sizes in a Sequential", "nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(32, 2))(X)", ("layer 2", "Linear(in_features=32", "(64, 16)"), (("Linear(32", "Linear(16"),)),
    (
        "V20b images into a Linear",
        "nn.Sequential(nn.Linear(784, 2))(rng.random((32, 28, 28), np.float32))",
        ("nn.Flatten()",),
        (("nn.Sequential(", "nn.Sequential(nn.Flatten(), "),),
    ),
    (
        "V21 batch_size with batches",
        "data = datasets.batches(X, y, batch_size=8)\nnn.fit(model, data, nn.CrossEntropyLoss(), adam(model), batch_size=8, **quick)",
        ("batch_size is for arrays",),
        (("adam(model), batch_size=8", "adam(model)"),),
    ),
    ("V22 ragged rows", "tensor([[1.0, 2.0], [3.0]])", ("rows of different lengths", "2", "1"), (("[3.0]", "[3.0, 4.0]"),)),
    (
        "V23 a table of years and incomes",
        "big = np.stack([rng.integers(1900, 2020, 64), rng.normal(5e4, 1e4, 64) * 1e30], 1).astype(np.float32)\n"
        "net = nn.MLP([2, 8, 1])\n"
        "nn.fit(net, (big, t[:, None]), nn.MSELoss(), nn.optim.SGD(net.parameters(), lr=0.1), **quick)",
        ("(X - X.mean(axis=0)) / X.std(axis=0)",),
        (("(big,", "((big - big.mean(axis=0)) / big.std(axis=0),"), ("SGD", "Adam"), ("* 1e30", "")),
    ),
    ("V24 predict of one row", "nn.predict(model, X[0])", ("X[None, 0]", "one row"), (("X[0]", "X[None, 0]"),)),
    ("V24b predict of a row of a table", "nn.predict(model, pd.DataFrame(X).iloc[0])", ("iloc[[0]]",), (("iloc[0]", "iloc[[0]]"),)),
    ("V25 predict of a dict", "nn.predict(nn.Linear(1, 2), {'age': 30})", ("pandas.DataFrame([", "dict"), (("{'age': 30}", "pd.DataFrame([{'age': 30}])"),)),
    ("V26 draw_graph of a model", "draw_graph(model)", ("draw_graph(model(X), model)",), (("(model)", "(model(X), model)"),)),
    ("V26b draw_graph of a model and its input", "draw_graph(model, X)", ("draw_graph(model(X), model)",), (("(model, X)", "(model(X), model)"),)),
    (
        "V26c player of an output",
        "import tempfile, os\nfrom autograd import player\nplayer(model(X), os.path.join(tempfile.mkdtemp(), 'p.html'))",
        ("one element", "player(lambda: loss(model(X), y), path, params=model)"),
        (("player(model(X), os.path.join(tempfile.mkdtemp(), 'p.html'))", "player(lambda: F.cross_entropy(model(X), y), os.path.join(tempfile.mkdtemp(), 'p.html'), params=model)"),),
    ),
]

CASES = SILENT + VAGUE
