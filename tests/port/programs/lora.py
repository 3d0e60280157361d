"""Low-rank updates of a frozen network."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    def __init__(self, linear: nn.Linear, r: int = 2, alpha: int = 4):
        super().__init__()
        self.linear = linear
        self.lora_A = nn.Parameter(torch.empty(r, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, r))
        self.scaling = alpha / r
        self.merged = False
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        if self.merged:
            return self.linear(x)
        return self.linear(x) + (x @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling

    @torch.no_grad()
    def merge(self):
        self.linear.weight.data += (self.lora_B @ self.lora_A) * self.scaling
        self.merged = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 10)
        self.fc2 = nn.Linear(10, 10)
        self.fc3 = nn.Linear(10, 4)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


def inject(model, r=2):
    for name, module in list(model.named_children()):
        if isinstance(module, nn.Linear):
            setattr(model, name, LoRALinear(module, r=r))
        else:
            inject(module, r)
    for name, param in model.named_parameters():
        param.requires_grad = "lora_" in name
    return model


torch.manual_seed(9)
model = inject(Net())
trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
total = sum(p.numel() for p in model.parameters())
print(f"trainable: {trainable} of {total} ({100 * trainable / total:.1f}%)")
optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)
X = torch.randn(20, 6)
y = X[:, :4].argmax(dim=-1)
for epoch in range(5):
    logits = model(X)
    loss = F.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    acc = (logits.argmax(-1) == y).float().mean()
    print(f"{epoch} loss={loss.item():.4f} acc={acc.item():.2f}")
before = model(X)
for module in model.modules():
    if isinstance(module, LoRALinear):
        module.merge()
after = model(X)
print(torch.allclose(before, after, atol=1e-4))
