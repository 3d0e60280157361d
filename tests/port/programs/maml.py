"""Model-agnostic meta-learning of sine waves: gradients through a step of descent."""

import math

import torch
import torch.nn.functional as F

torch.manual_seed(8)


def make_task():
    amplitude = torch.rand(1) * 4.9 + 0.1
    phase = torch.rand(1) * math.pi

    def sample(k):
        x = torch.rand(k, 1) * 10 - 5
        return x, amplitude * torch.sin(x - phase)

    return sample


def net(x, params):
    x = F.linear(x, params[0], params[1])
    x = F.relu(x)
    x = F.linear(x, params[2], params[3])
    x = F.relu(x)
    return F.linear(x, params[4], params[5])


params = [
    torch.empty(16, 1).uniform_(-1.0, 1.0).requires_grad_(),
    torch.empty(16).uniform_(-1.0, 1.0).requires_grad_(),
    torch.empty(16, 16).uniform_(-1.0 / math.sqrt(16), 1.0 / math.sqrt(16)).requires_grad_(),
    torch.zeros(16, requires_grad=True),
    torch.empty(1, 16).uniform_(-1.0 / math.sqrt(16), 1.0 / math.sqrt(16)).requires_grad_(),
    torch.zeros(1, requires_grad=True),
]
opt = torch.optim.Adam(params, lr=1e-3)
inner_lr, n_inner_loop = 0.01, 2

for it in range(4):
    loss2 = 0.0
    opt.zero_grad()
    for _ in range(2):
        task = make_task()
        x, y = task(5)
        x_val, y_val = task(5)
        new_params = params
        for k in range(n_inner_loop):
            loss = F.mse_loss(net(x, new_params), y)
            # create_graph=True because computing grads here is part of the forward pass.
            grads = torch.autograd.grad(loss, new_params, create_graph=True)
            new_params = [p - inner_lr * g for p, g in zip(new_params, grads)]
        loss2 += F.mse_loss(net(x_val, new_params), y_val)
    loss2.backward()
    opt.step()
    print("Iteration %d -- Outer Loss: %.4f" % (it, loss2.item()))
