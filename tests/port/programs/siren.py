"""An image as a network with sines, fitted by its values, with its gradient and Laplacian."""

import numpy as np
import torch
from torch import nn


def get_mgrid(sidelen, dim=2):
    """Generates a flattened grid of (x,y,...) coordinates in a range of -1 to 1."""
    tensors = tuple(dim * [torch.linspace(-1, 1, steps=sidelen)])
    mgrid = torch.stack(torch.meshgrid(*tensors, indexing="ij"), dim=-1)
    mgrid = mgrid.reshape(-1, dim)
    return mgrid


class SineLayer(nn.Module):
    def __init__(self, in_features, out_features, bias=True, is_first=False, omega_0=30):
        super().__init__()
        self.omega_0 = omega_0
        self.is_first = is_first
        self.in_features = in_features
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        self.init_weights()

    def init_weights(self):
        with torch.no_grad():
            if self.is_first:
                self.linear.weight.uniform_(-1 / self.in_features, 1 / self.in_features)
            else:
                bound = np.sqrt(6 / self.in_features) / self.omega_0
                self.linear.weight.uniform_(-bound, bound)

    def forward(self, input):
        return torch.sin(self.omega_0 * self.linear(input))


class Siren(nn.Module):
    def __init__(self, hidden_features=12, hidden_layers=1):
        super().__init__()
        self.net = [SineLayer(2, hidden_features, is_first=True)]
        for i in range(hidden_layers):
            self.net.append(SineLayer(hidden_features, hidden_features))
        self.net.append(nn.Linear(hidden_features, 1))
        self.net = nn.Sequential(*self.net)

    def forward(self, coords):
        coords = coords.clone().detach().requires_grad_(True)  # allows to take derivative w.r.t. input
        output = self.net(coords)
        return output, coords


def gradient(y, x, grad_outputs=None):
    if grad_outputs is None:
        grad_outputs = torch.ones_like(y)
    grad = torch.autograd.grad(y, [x], grad_outputs=grad_outputs, create_graph=True)[0]
    return grad


def divergence(y, x):
    div = 0.0
    for i in range(y.shape[-1]):
        div += torch.autograd.grad(y[..., i], x, torch.ones_like(y[..., i]), create_graph=True)[0][..., i : i + 1]
    return div


torch.manual_seed(0)
img_siren = Siren()
optim = torch.optim.Adam(lr=1e-4, params=img_siren.parameters())
coords = get_mgrid(6)
ground_truth = torch.sin(3 * coords[:, :1]) * coords[:, 1:]
for step in range(3):
    model_output, coords_in = img_siren(coords)
    loss = ((model_output - ground_truth) ** 2).mean()
    img_grad = gradient(model_output, coords_in)
    img_laplacian = divergence(img_grad, coords_in)
    loss = loss + 1e-4 * img_grad.norm(dim=-1).mean() + 1e-6 * img_laplacian.abs().mean()
    optim.zero_grad()
    loss.backward()
    optim.step()
    print("Step %d, Total loss %0.6f" % (step, loss))
