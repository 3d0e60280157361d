"""Public names of `nn` that PyTorch does not have, and what they are."""

import inspect
from pkgutil import resolve_name

OURS_ALONE = {
    "nn.MLP": "a Sequential of linear layers and activations in one call",
    "nn.NonFiniteLossError": "what fit raises",
    "nn.TrainingWarning": "what watch and fit warn with",
    "nn.evaluate": "the training loop",
    "nn.fit": "the training loop",
    "nn.predict": "the training loop",
    "nn.watch": "the training loop",
    "nn.load": "files of weights: test_weights exchanges them with PyTorch",
    "nn.save": "files of weights: test_weights exchanges them with PyTorch",
    "nn.manual_seed": "random numbers are NumPy's, and cannot be those of torch.manual_seed",
    "nn.distributed": "processes through MPI, under the names of torch.distributed: tests/distributed",
    "nn.onnx": "files: tests/nn/test_onnx.py compares with onnxruntime, test_onnx with what PyTorch exports",
    "nn.plots": "pictures",
    "nn.summary": "a table",
    "nn.training": "the training loop",
    "nn.optim.Lion": "steps along a sign: tests/nn/test_optimizers.py compares with its formula",
    "nn.utils.replacing": "files that are written whole or not at all",
}


def is_ours_alone(name: str) -> bool:
    """Tell whether PyTorch lacks a public name: it is in the table, or its docstring says that PyTorch has none."""
    return name in OURS_ALONE or "PyTorch has none" in (inspect.getdoc(resolve_name(name)) or "")
