"""`python -m nn.port`: what it writes, what it marks, and what it refuses. Values are in `tests/against_pytorch`."""

import ast
import contextlib
import io
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.port import port
from nn.port.__main__ import main
from nn.port._table import tables

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.txt"))
FUNCTIONS = (
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom torch.autograd import Variable\n"
)


def line(text: str) -> str:
    """Return the last line of a program's port."""
    return port(FUNCTIONS + text).text.splitlines()[-1]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_run_after_the_tool_alone(path: Path) -> None:
    ported = port(path.read_text(encoding="utf-8"))
    assert not ported.refused
    assert "torch" not in {name.id for name in ast.walk(ast.parse(ported.text)) if isinstance(name, ast.Name)}
    random.seed(0)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ported.text, str(path), "exec"), {"__name__": "__main__"})
    assert printed.getvalue()
    assert "nan" not in printed.getvalue()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_comments_and_all_that_is_not_of_pytorch_stay(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    text = port(source).text
    assert set(re.findall(r"#[^\n\"]*", source)) <= set(re.findall(r"#[^\n\"]*", text))
    assert port(text).text == text, "a second time nothing is left to do"
    lines = {
        each
        for each in source.splitlines()
        if not re.search(r"torch|\.\w+\(|device|cuda|is_float|self\.state|Scaler|checkp|autocast", each)
    }
    assert {each for each in lines if re.search(r"\w\w", each)} <= set(text.splitlines())


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("x.transpose(0, 1)", "x.swapaxes(0, 1)"),
        ("x.permute(1, 0)", "x.transpose(1, 0)"),
        ("v, i = x.max(1)", "v, i = x.max(axis=1), x.argmax(axis=1)"),
        ("v, _ = net(x).max(1)", "v = net(x).max(axis=1)"),
        ("_, i = torch.max(x.data, 1)", "i = x.data.argmax(axis=1)"),
        ("v, _ = both = x.max(1)", "v, _ = both = x.max(axis=1), x.argmax(axis=1)"),
        ("p.grad.zero_().add_(1)", "p.grad[...] = 0; p.grad += 1"),
        ("y = net(x); y.data.mul_(2)", "y = net(x); as_tensor(y).data[...] *= 2"),
        (
            "a, b = torch.rand(4).chunk(2); a.requires_grad_()",
            "a, b = np.split(rng.random(4, dtype=np.float32), 2, axis=0); a = as_tensor(a).requires_grad_()",
        ),
        (
            "out = (torch.zeros(2) > 1); out.fill_diagonal_(1)",
            "out = (tensor(np.zeros(2, dtype=np.float32) > 1)); np.fill_diagonal(out, 1)",
        ),
        ("def f(x): return x.index_add_(0, i, y)", "def f(x): np.add.at(x, i, y); return x"),
        ("import torch, copy", "import copy"),
        (
            "import scipy.sparse as sp; a = a + a.T.multiply(a.T > a)",
            "import scipy.sparse as sp; a = a + a.T.multiply(a.T > a)",
        ),
        (
            "def f(m): i = m.row; v = torch.from_numpy(m.data); m = m.tocoo(); return v",
            "def f(m): i = m.row; v = m.data; m = m.tocoo(); return v",
        ),
        (
            "y = torch.spmm(torch.sparse.FloatTensor(i, v, (3, 3)), x)",
            "y = scipy.sparse.coo_array((v, tuple(i)), (3, 3)) @ x",
        ),
        ("s.kept = f(opt.state_dict()); s.all['a'] = 2", "s.kept = f(opt.state_dict()); s.all['a'] = 2"),
        ("nll = F.nll_loss(x, y, size_average=False)", "nll = F.nll_loss(x, y, reduction='sum')"),
        ("w = nn.init.normal_(torch.empty(2))", "w = nn.init.normal_(np.empty(2, dtype=np.float32))"),
        ("g = torch.Generator(); g.manual_seed(3)", "g = np.random.default_rng(); g = np.random.default_rng(3)"),
        ("with torch.autocast('cuda'): pass", "with contextlib.nullcontext(): pass"),
        ("kind = device.type", "kind = device"),
        ("net = nn.Linear(2, 2); net = net.to(memory_format=x)", "net = nn.Linear(2, 2); net = net"),
        ("@torch.jit.script\ndef f(x): return x", "def f(x): return x"),
        ("x[:, -1].div_(2)", "x[:, -1] /= 2"),
        ("z = deepcopy(x).transpose(0, 1)", "z = deepcopy(x).swapaxes(0, 1)"),
        ("x = f(y); x.requires_grad = True", "x = f(y); x = as_tensor(x).requires_grad_(True)"),
        ("x = torch.ones(2).type_as(y).fill_(3)", "x = np.full_like(np.ones(2, dtype=np.float32).astype(y.dtype), 3)"),
        ("x = Variable(y.clone(), requires_grad=True)", "x = tensor(y.copy(), requires_grad=True)"),
        ("def f(a, path='net.pth.tar'): torch.save(a, path)", "def f(a, path='net.npz'): nn.save(a, path)"),
        ("y = x.max(1)[-1]", "y = x.argmax(axis=1)"),
        ("k = net(x).max(1)[1].cpu().numpy()", "k = as_tensor(net(x).argmax(axis=1)).numpy()"),
        ("same = x.type() == y.type()", "same = x.dtype == y.dtype"),
        ("d.data = (d + g).clamp(0, 1)", "d.data = as_tensor((d + g).clip(0, 1)).data"),
        ("n = (x != 0).data.sum()", "n = as_tensor(x != 0).data.sum()"),
        ("y = torch.erf(x)", "y = scipy.special.erf(x)"),
        ("a = b = x.add_(1).mul_(2)", "x += 1; x *= 2; a = b = x"),
        ("v, i = net(x).max(1)", "v, i = (_t1 := net(x)).max(axis=1), _t1.argmax(axis=1)"),
        ("y = net(x).max(1)[0].detach()", "y = net(x).max(axis=1).detach()"),
        ("x.repeat(2, 1)", "np.tile(x, (2, 1))"),
        ("x.std(1)", "x.std(axis=1, ddof=1)"),
        ("s, i = x.sort()", 's, i = np.sort(x, axis=-1), np.argsort(x, axis=-1, kind="stable")'.replace('"', "'")),
        ("q, k = net(x).split(4, dim=2)", "q, k = np.split((_t1 := net(x)), range(4, _t1.shape[2], 4), axis=2)"),
        ("torch.zeros(2, 3)", "np.zeros((2, 3), dtype=np.float32)"),
        (
            "torch.zeros(2, device=x.device, requires_grad=True)",
            "tensor(np.zeros(2, dtype=np.float32), requires_grad=True)",
        ),
        ("x = x.to(device).cuda().cpu()", "x = x"),
        ("x.data.copy_(y.data)", "x.data[...] = y.data"),
        ("y = x.add_(1)", "x += 1; y = x"),
        ("mask = mask.fill_diagonal_(0)", "np.fill_diagonal(mask, 0)"),
        ("y = net(x); z = y.data.max()", "y = net(x); z = as_tensor(y).data.max()"),
        ("y = (x * 2).requires_grad_(True)", "y = as_tensor((x * 2)).requires_grad_(True)"),
        ("gradients = torch.autograd.grad(y, x)[0]", "gradients = autograd.gradients(y, x)[0]"),
        ("g = torch.autograd.grad(y, x, only_inputs=True)", "g = gradients(y, x)"),
        ("T = torch.cuda.FloatTensor if cuda else torch.FloatTensor\nx = y.type(T)", "x = y.astype(np.float32)"),
        ("T = torch.FloatTensor\nz = T(3, 1).fill_(1.0)", "z = np.full((3, 1), 1.0, dtype=np.float32)"),
        ("from torch.nn.utils import weight_norm", "from nn.utils.parametrizations import weight_norm"),
        ("c = torch.nn.utils.spectral_norm(c)", "c = nn.utils.parametrizations.spectral_norm(c)"),
        ("x.grad.zero_()", "x.grad = None"),
        ("w.data.clamp_(-1, 1)", "w.data[...] = w.data.clip(-1, 1)"),
        ("with torch.no_grad(): pass", "with no_grad(): pass"),
        ("torch.save(net.state_dict(), 'a.pt')", "nn.save(net.state_dict(), 'a.npz')"),
        ("net.load_state_dict(torch.load('a.pt', map_location='cpu'))", "net.load_state_dict(nn.load('a.npz'))"),
        ("x.masked_fill(m, 0)", "np.where(m, 0, x)"),
        ("x.gather(1, i)", "np.take_along_axis(x, i, 1)"),
        ("F.softmax(x, dim=1)", "F.softmax(x, dim=1)"),
        ("g = torch.autograd.grad(y, x)", "g = gradients(y, x)"),
        (
            "x = torch.empty(3).uniform_(-1, 1)",
            "x = rng.uniform(-1, 1, size=3).astype(np.float32)",
        ),
        ("print(f'{x.size(0)} {y.mean(dim=1)!r:>5}')", "print(f'{x.shape[0]} {y.mean(axis=1)!r:>5}')"),
        ("nn.init.zeros_(w.data)", "nn.init.zeros_(w.data)"),
        ("é = 'ü'; y = x.view(-1)  # ö", "é = 'ü'; y = x.reshape(-1)  # ö"),
        # of Python and NumPy, and of classes in the program
        ("'a,b'.split(',')", "'a,b'.split(',')"),
        ("names.sort()", "names.sort()"),
        ("seen.add(3)", "seen.add(3)"),
        ("import numpy as np; np.ones(3).std()", "import numpy as np; np.ones(3).std()"),
        ("x.max(axis=1)[0]", "x.max(axis=1)[0]"),
        ("self.size(0)", "self.size(0)"),
        ("frame['y'].to_numpy()", "frame['y'].to_numpy()"),
        ("state.values()", "state.values()"),
        ("m = net._modules['a']", "m = dict(net.named_children())['a']"),
        ("x = torch.zeros(2); x[0] = net(y)", "x = tensor(np.zeros(2, dtype=np.float32)); x[0] = net(y)"),
        (
            "x = loader(torch.rand(3)); x.w.requires_grad_()",
            "x = loader(rng.random(3, dtype=np.float32)); x.w.requires_grad_()",
        ),
    ],
)
def test_a_line_is_written_so(theirs: str, ours: str) -> None:
    assert line(theirs) == ours


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("x.max(n)", "n may be an axis (t.max(axis=...), t.argmax(axis=...)) or a tensor"),
        ("n = 1; y = torch.max(x, n)", "n may be an axis"),
        ("a = x.max(1)[i]", "a pair of values and indices: say which of the two"),
        ("x.median(1)", "median with these arguments"),
        ("x.to(f(y))", "a device needs nothing, a dtype is t.astype(dtype)"),
        ("x.norm(p)", "norm with these arguments"),
        ("x.topk(3, largest=flag)", "topk with these arguments"),
        ("x.view(torch.int32)", "view of another dtype"),
        ("y = net(x).add_(1)", ".add_: here it is t += other"),
        ("z = f(y := x.add_(1))", ".add_: here it is t += other"),
        ("y = net(x).fill_(1)", ".fill_: here it is t[...] = value"),
        ("torch.cummax(x, 0)", "here it is np.maximum.accumulate(t, axis)"),
        ("y = [a.mul_(2) for a in x]", ".mul_: here it is t *= other"),
        ("y = x[0] + f(x.mul_(2))", ".mul_: here it is t *= other"),
        ("f(torch)", "torch has no spelling"),
        ("torch.no_such(x)", "has no spelling in the table"),
        ("torch.meshgrid(x)", "torch.meshgrid with these arguments"),
        ("from torchvision import models", "torchvision is not here"),
        ("f = torch.compiler.disable", "torch.compiler.disable has no spelling"),
    ],
)
def test_what_would_be_wrong_is_refused(
    code: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.py"
    path.write_text(f"import torch\n{code}\n", encoding="utf-8")
    assert main([str(path)]) == 1
    printed = capsys.readouterr()
    (comment,) = (each for each in printed.out.splitlines() if each.startswith("# port: error: "))
    assert why in comment
    assert why in printed.err
    assert f"{path}:2: error: " in printed.err


def test_what_has_to_be_decided_is_marked_above_its_statement() -> None:
    ported = port("import torch\nif True:\n    x = f(\n        torch.tensor(values))\n")
    assert ported.text.splitlines()[2:4] == [
        "    # port: np.array makes float64 of Python's floats: add dtype=np.float32 if these are floats",
        "    x = f(",
    ]
    assert not ported.refused


def test_what_is_written_in_place_within_a_statement_is_written_above_it() -> None:
    assert port("import torch\nif True:\n    rows.append(x.mul_(2).add_(1))  # all\n").text == (
        "if True:\n    x *= 2\n    x += 1\n    rows.append(x)  # all\n"
    )
    assert line("y = f(x.abs().sqrt_())") == "y = f(np.sqrt(np.abs(x)))", "no other name has what abs returns"


def test_a_state_that_is_written_to_shares_memory_with_the_module() -> None:
    written = ("for k, v in net.state_dict().items(): v.copy_(a[k])", "s = net.state_dict(); s['a'].zero_()")
    for code in written:
        assert "each.data for name, each in net.named_parameters()" in port(f"import torch\n{code}").text
    assert line("best = {k: v.clone() for k, v in net.state_dict().items()}").endswith("in net.state_dict().items()}")


def test_one_number_is_a_size_and_all_else_are_values() -> None:
    ported = port("import torch\na = torch.Tensor(n)\nb = torch.FloatTensor(x.size())\nc = torch.LongTensor(range(3))")
    scope: dict[str, Any] = {"n": 4, "x": np.zeros((2, 3)), "np": np}
    exec(ported.text, scope)
    assert [scope[name].shape for name in "abc"] == [(4,), (2, 3), (3,)]
    exec(ported.text, scope | {"n": [4.0]})
    assert "# port: values, or one size" in ported.text


def test_a_method_of_a_class_in_the_program_is_left_and_marked() -> None:
    ported = port("import torch\nclass A:\n    def repeat(self, n): return n\nA().repeat(2)\nb.repeat(2)\n")
    assert "\n# port: a class here has a method repeat too: left as it is\nb.repeat(2)\n" in ported.text


def test_a_name_is_an_array_of_numpy_only_if_it_is_nothing_else() -> None:
    numpy = "import numpy as np\nimport torch\nx = np.ones(3)\n"
    assert port(f"{numpy}x.std()").text.endswith("\nx.std()"), "left as it is"
    for tensor in ("x = torch.from_numpy(x)", "for x in batches: pass", "def f(x): pass"):
        text = port(f"{numpy}{tensor}\ny = x.std()\nv = x.max(1)[0]").text
        assert text.endswith(
            "# port: std of a tensor; of an array of NumPy it has to stay as it was\n"
            "y = x.std(ddof=1)\nv = x.max(axis=1)"
        ), text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("odd", ["\x0c", "'\x1c\u2028'", "# \x85"])
def test_lines_are_those_that_python_counts(end: str, odd: str) -> None:
    text = port(end.join(["import torch", f"{odd}", "x = torch.zeros(2)", "if x.dim() > 1: x = x.t()", ""])).text
    assert "x = np.zeros(2, dtype=np.float32)" in text
    assert "if x.ndim > 1: x = x.T" in text
    assert odd in text


def test_imports_that_a_program_has_are_not_repeated() -> None:
    text = port("from __future__ import annotations\nimport numpy as np\nimport torch\n\ny = torch.randn(3)\n").text
    assert text == (
        "from __future__ import annotations\nimport numpy as np\n\nrng = np.random.default_rng()  "
        "# of all random numbers but those of nn\n\ny = rng.standard_normal(3, dtype=np.float32)\n"
    )


def test_a_body_of_which_nothing_is_left_passes() -> None:
    assert port("import torch\nif a:\n    torch.backends.cudnn.benchmark = True\n").text == "if a:\n    pass\n"


def test_check_lists_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.py"
    path.write_text("import torch\nx = torch.zeros(2).unsqueeze(0)\n", encoding="utf-8")
    assert main([str(path), "--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}:1: import torch -> not needed",
        f"{path}:2: torch.zeros(2).unsqueeze(0) -> np.expand_dims(np.zeros(2, dtype=np.float32), 0)",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["model.py"]


def test_output_goes_to_a_file_but_never_to_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "model.py", tmp_path / "ported.py"
    path.write_text("import torch\nx = torch.ones(2)\n", encoding="utf-8")
    assert main([str(path), "-o", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == "import numpy as np\nx = np.ones(2, dtype=np.float32)\n"
    with pytest.raises(SystemExit, match="2"):
        main([str(path), "-o", str(path)])
    assert "is the program itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read"),
        ("x = (", "model.py:1: this is not Python"),
        ("x = 1\n", "it imports nothing of PyTorch"),
    ],
)
def test_errors_say_what_is_wrong_with_the_file(
    text: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.py"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with contextlib.suppress(SystemExit):
        main([str(path)])
    assert says in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "python -m nn.port model.py --compare" in capsys.readouterr().out


def test_templates_are_python_and_name_only_their_arguments() -> None:
    for section in ("tensors", "statements", "torch"):
        for name, spellings in tables()[section].items():
            for spelling in spellings:
                if spelling.here.startswith("error: "):
                    continue
                names = {each.id for each in ast.walk(ast.parse(spelling.here)) if isinstance(each, ast.Name)}
                known = {each.name.lstrip("*") for each in spelling.parameters or ()}
                rest = (
                    names
                    - known
                    - {
                        "t",
                        "np",
                        "nn",
                        "rng",
                        "tensor",
                        "list",
                        "bool",
                        "logsumexp",
                        "Tensor",
                        "isinstance",
                        "tuple",
                        "_out",
                        "range",
                        "scipy",
                        "as_tensor",
                        "autograd",
                        "contextlib",
                        "enumerate",
                        "getattr",
                        "_a",
                        "_i",
                    }
                )
                assert rest <= {"no_grad", "enable_grad", "set_grad_enabled", "gradients"}, (name, rest)


def test_words_of_pandas_stay() -> None:
    """They are those of tables and pools here, as of most programs, whatever a tensor would be told."""
    lines = (
        "import pandas as pd", 'df = pd.read_csv("x.csv").fillna(0).dropna()', 'x = df.groupby("a").apply(len)',
        'y = df["b"].shift(1).rolling(3).mean()', "z = df.isna().sum()", "m = df.iloc[:3].map(str).values",
        "out = pool.map(abs, [1, -2])",
    )  # fmt: skip
    found = port("\n".join(("import torch", *lines)))
    assert not found.refused
    assert all(line in found.text for line in lines)
