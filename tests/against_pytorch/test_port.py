"""`nn.port` and PyTorch: programs and single lines mean the same before and after."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nn
from nn.port import port
from nn.port._compare import TOLERANCE, compare
from nn.port._table import tables

PROGRAMS = sorted((Path(__file__).parent.parent / "port" / "programs").glob("*.txt"))
TENSORS = """
i = torch.arange(24) % 5
x = torch.sin(torch.arange(24.0)).view(2, 3, 4)
y = torch.cos(torch.arange(24.0)).view(2, 3, 4)
m = torch.sin(torch.arange(9.0)).view(3, 3)
p = x.abs() + 0.5
"""
# A call or more of each line of the table that gives a value.
LINES = """
x.view(6, 4); x.view(-1); x.view((4, 6)); x.permute(2, 0, 1); x.permute((1, 0, 2)); x.movedim(0, -1); m.t(); x.adjoint()
torch.permute(x, (2, 1, 0)); x.contiguous(); x.cpu(); x.clone(); x.numel(); x.nelement(); x.dim(); x.ndimension()
x.size(); x.size(1); x.size(-1); x.size(dim=0); x.transpose(0, 2); torch.transpose(x, 1, 2); x.swapaxes(0, 1)
x.transpose(dim0=0, dim1=1); m.transpose(0, 1); x.swapdims(0, 1); x.unsqueeze(1); x.unsqueeze(dim=-1); x.unsqueeze(0).squeeze(0)
x[:1].squeeze(); x.flatten(); x.flatten(1); torch.flatten(x, 1); x.flatten(0, 1); x.flatten(start_dim=1, end_dim=2)
torch.flatten(x, start_dim=1); x.ravel(); x.reshape(3, -1); x.repeat(2, 1, 3); x.repeat(2, 1, 1, 1); x.tile(2, 1)
x.repeat_interleave(2); x.repeat_interleave(3, dim=1); x[:1].expand(5, -1, -1); x[:, :1].expand(2, 3, 4); m.expand(2, 3, 3)
x[:, :1].expand_as(x); x.view_as(y); x.reshape_as(y); x.masked_fill(x > 0, -1.0); x.masked_fill(y < 0, float("-inf"))
x.masked_select(x > 0); x.index_select(1, torch.tensor([2, 0])); x.gather(2, (i % 4).view(2, 3, 4)); torch.diff(m)
torch.gather(m, 1, torch.tensor([[0], [2], [1]])); x.diff(n=2, dim=1); x.roll(1, 2); torch.roll(x, shifts=1, dims=0); x.flip(0, 2)
x.roll(2); torch.flip(x, [1]); x.flip(dims=(0,)); m.tril(); torch.tril(m, diagonal=-1); torch.triu(m, 1); m.diag(); torch.diag(m[0])
m.diagonal(); m.trace(); m.mm(m); torch.mm(m, m); x.bmm(y.transpose(1, 2)); torch.matmul(m, m); m.mv(m[0]); m[0].dot(m[1])
torch.outer(m[0], m[1]); m[0].ger(m[1]); torch.kron(m, m); m.lerp(m + 1, 0.3); (m + 3 * torch.eye(3)).inverse()
(m + 3 * torch.eye(3)).pinverse(); m.det(); x.add(y); x.add(y, alpha=2); torch.sub(x, y); x.sub(y, alpha=0.5)
x.mul(y); x.div(p); x.true_divide(p); x.multiply(2); x.pow(2); torch.pow(p, 1.5); x.neg(); -x.neg() * 2; x.eq(y); x.ne(y)
x.lt(0); x.le(y); x.gt(y); x.ge(0); torch.logical_and(x > 0, y > 0); (x > 0).logical_or(y > 0); torch.logical_not(x > 0)
(x > 0).logical_xor(y > 0); x.clamp(-0.5, 0.5); x.clamp(min=0); x.clamp(max=0.2); torch.clamp(x, min=-0.1, max=0.3); x.clip(0, 1)
x.clamp_min(0.1); x.clamp_max(0.1); p.rsqrt(); p.reciprocal(); x.square(); x.asin(); x.acos(); x.atan(); x.atan2(y)
torch.nan_to_num(x); x.sigmoid(); torch.sigmoid(x); x.relu(); torch.relu(x); x.softmax(-1); torch.softmax(x, dim=1)
x.log_softmax(dim=2); x.logsumexp(1); torch.logsumexp(x, dim=-1, keepdim=True); i.float(); x.double(); x.half(); (3 * x).long()
(3 * x).int(); i.short(); i.byte(); i.bool(); i.type_as(x); x.new_zeros(2, 3); x.new_ones((2,)); x.new_full((2, 2), 3.0); x.exp()
torch.exp(x); p.log(); p.log2(); p.log10(); torch.log1p(p); x.expm1(); p.sqrt(); torch.sqrt(p); x.sin(); x.cos(); x.tan(); x.tanh()
x.sinh(); x.cosh(); x.abs(); torch.abs(x); x.absolute(); x.sign(); (3 * x).floor(); (3 * x).ceil(); (4 * x).round(); (3 * x).trunc()
x.isnan(); torch.isinf(x); x.isfinite(); x.minimum(y); torch.maximum(x, y); x.sum(); x.sum(1); x.sum(1, True); x.sum((0, 2)); x.sum([0, 1])
torch.sum(x, dim=0, keepdim=True); x.mean(); x.mean(-1, keepdim=True); torch.mean(x, dim=(0, 1)); x.prod(1); (x > 0).any(1)
(x > 0).all(dim=2, keepdim=True); (x > 0).any(); x.amax(1); x.amin(dim=(0, 2)); x.argmax(); x.argmax(1); x.argmax(dim=1, keepdim=True)
torch.argmin(x, 2); x.cumsum(0); torch.cumsum(x, dim=1); x.cumprod(-1); x.std(); x.std(0); x.std(dim=1, keepdim=True); x.var()
x.var(1, unbiased=False); torch.var(x, dim=2, unbiased=True); x.std(dim=0, correction=0); torch.std(x, unbiased=False); x.norm()
x.norm(dim=1); x.norm(2, 1); x.norm(p=2, dim=-1, keepdim=True); torch.norm(x, dim=0); x.max(); x.min(); torch.max(x); x.max(1)[0]
x.max(1)[1]; x.max(dim=1)[0]; x.max(1).values; x.min(2, keepdim=True).indices; x.max(1, True)[0]; torch.max(x, 1)[1]
torch.max(x, dim=-1)[0]; torch.max(x, y); torch.min(x, y); x.max(p - 1); x.abs().max(2)[0]; x.min(-1)[1]
m.sort()[0]; m.sort()[1]; m.sort(0)[0]; torch.sort(m, dim=1, descending=True)[0]; m.sort(descending=True).indices; m.argsort(dim=0)
m.argsort(descending=True); x.topk(2)[0]; x.topk(2).indices; torch.topk(x, 2, dim=1)[0]; x.topk(k=3, dim=-1).values; x.chunk(2, dim=2)[1]
torch.chunk(x, 2)[0]; x.unbind(1)[2]; torch.unbind(x)[1]; x.split(1, dim=2)[3]; torch.split(x, 2, 1)[1]; x.split([1, 3], dim=2)[1]
torch.split(x, [1, 2], dim=1)[0]; x.split(2, dim=-1)[0]; torch.zeros_like(x); torch.ones_like(i); torch.full_like(x, 2)
torch.zeros_like(x, dtype=torch.long); torch.zeros(2, 3); torch.zeros((2, 3)); torch.zeros(3); torch.ones(2, dtype=torch.int64)
torch.zeros([2, 1]); torch.zeros(x.shape); torch.zeros(*x.shape); torch.zeros(size=(2,)); torch.empty(2, 0); torch.eye(3); torch.eye(2, 3)
torch.linspace(0, 1, 5); torch.linspace(-1, 1, steps=4); torch.cat([x, y], 1); torch.cat((x, y)); torch.cat([x, y], dim=-1)
torch.concat([m, m]); torch.stack([x, y]); torch.stack((x, y), dim=2); torch.vstack([m, m]); torch.hstack((m, m))
torch.where(x > 0, x, y); torch.where(x > 0)[1]; torch.where(x > 0, x, 0.0); torch.einsum("abc,adc->abd", x, y)
torch.meshgrid(m[0], m[1], indexing="ij")[1]; torch.meshgrid([m[0], m[1]], indexing="xy")[0]; torch.cdist(m, m + 1)
torch.tensor([1, 2]); torch.tensor([1.0, 2]); torch.tensor(3.5); torch.tensor([[True]]); torch.tensor([1], dtype=torch.float)
torch.Tensor([1, 2]); torch.FloatTensor([[1, 2]]); torch.LongTensor([1, 2]); torch.full((2, 2), 1.5); torch.full((2,), 3)
torch.full((2,), 3, dtype=torch.float32); torch.arange(5); torch.arange(1, 2, 0.25); torch.arange(3.0); torch.arange(3, dtype=torch.float)
torch.arange(0, 6, 2).float(); torch.as_tensor([1.0, 2.0]); x.to(torch.float64); x.to("cpu"); x.to(i.dtype); x.type(torch.FloatTensor)
x.to(device="cpu", dtype=torch.int64); torch.bincount(i); torch.bincount(i, minlength=9); torch.allclose(x, x + 1e-9)
torch.unique(i); x.quantile(0.3); torch.quantile(x, 0.25, dim=1); torch.empty(3).fill_(2); torch.ones(2, 2).zero_()
i.sum().item(); x[0, 0].tolist(); (x > 0).sum().item(); (x > 0).float().mean().item(); x.detach().numpy(); x.take_along_dim(i.view(2, 3, 4) % 2, 0)
torch.linalg.inv(m + 3 * torch.eye(3)); torch.linalg.det(m); torch.linalg.solve(m + 3 * torch.eye(3), m); torch.linalg.norm(x)
torch.linalg.norm(x, dim=1); torch.linalg.norm(m, dim=-1, keepdim=True); torch.linalg.slogdet(m + 3 * torch.eye(3))[1]
torch.linalg.cholesky(m @ m.t() + 5 * torch.eye(3)); torch.linalg.eigh(m + m.t())[0]; torch.linalg.svd(m)[1]; torch.linalg.qr(m)[1].abs()
torch.linalg.pinv(m + 3 * torch.eye(3)); torch.nansum(x, dim=1); torch.isclose(x, y); torch.pi * x; p * torch.inf; torch.is_tensor(x); isinstance(x, torch.Tensor); isinstance(x, (int, torch.Tensor)); x.size(0) // 2; (x + y).mean(1).pow(2).sum()
2 - x.add(y); x.eq(y) | x.gt(0); -x.pow(2); x.pow(2) ** 2; x.sub(y).div(p).abs(); x.add(y).matmul(m.new_ones(4, 2))
"""
CALLS = [call.strip() for line in LINES.splitlines() for call in line.split(";") if call.strip()]


def value_of(text: str, name: str) -> Any:
    scope: dict[str, Any] = {}
    exec(compile(text, name, "exec"), scope)
    return scope["result"]


def arrays(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [array for each in value for array in arrays(each)]
    return [np.asarray(value.detach() if hasattr(value, "detach") else value)]


@pytest.mark.parametrize("call", CALLS)
def test_a_line_has_the_value_that_it_has_in_pytorch(call: str) -> None:
    program = f"import torch\n{TENSORS}\nresult = {call}\n"
    ported = port(program)
    assert not ported.refused, ported.refused
    assert "torch" not in ported.text, ported.text
    theirs, ours = arrays(value_of(program, "torch")), arrays(value_of(ported.text, "port"))
    assert [each.shape for each in ours] == [each.shape for each in theirs], ported.text
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype or mine.dtype.kind == other.dtype.kind == "i", ported.text
        np.testing.assert_allclose(mine.astype(float), other.astype(float), rtol=1e-4, atol=1e-5, err_msg=ported.text)


def test_each_spelling_of_a_value_is_among_the_lines() -> None:
    random = {"rand", "randn", "randint", "randperm", "normal", "multinomial", "bernoulli", "rand_like", "randn_like"}
    elsewhere = random | {
        "empty_like",
        "cuda",
        "pin_memory",
        "from_numpy",
        "save",
        "load",
        "device",
        "softplus",
        "moveaxis",
    }
    missing = [
        name
        for section in ("tensors", "torch")
        for name in tables()[section]
        if name not in elsewhere
        and "grad" not in name
        and "." not in name
        and name not in ("Generator", "inference_mode")
        if f"{name}(" not in LINES
    ]
    assert not missing


@pytest.mark.filterwarnings("ignore::UserWarning")  # of PyTorch, about itself
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_compute_what_they_compute_in_pytorch(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = path.read_text(encoding="utf-8")
    ported = port(source)
    assert not ported.refused, ported.refused
    assert compare(source, ported.text, str(path)) == 0, capsys.readouterr()


def test_compare_tells_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    source = next(path for path in PROGRAMS if path.stem == "logistic_regression").read_text(encoding="utf-8")
    ported = port(source).text
    assert "ddof=1" in ported
    assert compare(source, ported.replace("ddof=1", "ddof=0"), "wrong") == 1
    assert "largest relative difference" in capsys.readouterr().out
    assert compare(source, ported.replace("range(8)", "range(7)"), "short") == 1
    assert "the programs compute different things" in capsys.readouterr().err
    assert nn.Linear(2, 1).weight.dtype == np.float32, "what it replaces is put back"
    assert torch.get_default_dtype() == torch.float32
    assert TOLERANCE < 1e-6
