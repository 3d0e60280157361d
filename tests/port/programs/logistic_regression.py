"""Logistic regression on standardized columns, with a confusion matrix."""

import numpy as np
import torch
import torch.nn as nn

rng_np = np.random.RandomState(0)
X_np = rng_np.randn(60, 5).astype(np.float32)
y_np = (X_np @ np.array([1.0, -2.0, 0.5, 0.0, 1.0]) + 0.3 * rng_np.randn(60) > 0).astype(np.float32)

X = torch.from_numpy(X_np)
y = torch.from_numpy(y_np).view(-1, 1)
n_train = 45
X_train, X_test, y_train, y_test = X[:n_train], X[n_train:], y[:n_train], y[n_train:]
mean = X_train.mean(dim=0, keepdim=True)
std = X_train.std(dim=0, keepdim=True)
X_train = (X_train - mean) / std
X_test = (X_test - mean) / std


class LogisticRegression(nn.Module):
    def __init__(self, n_input_features):
        super(LogisticRegression, self).__init__()
        self.linear = nn.Linear(n_input_features, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = LogisticRegression(X.shape[1])
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(8):
    y_predicted = model(X_train)
    l1_norm = sum(p.abs().sum() for p in model.parameters())
    loss = criterion(y_predicted, y_train) + 1e-3 * l1_norm
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if (epoch + 1) % 2 == 0:
        print(f"epoch: {epoch + 1}, loss = {loss.item():.4f}")

with torch.no_grad():
    y_predicted = model(X_test)
    y_predicted_cls = y_predicted.round()
    acc = y_predicted_cls.eq(y_test).sum() / float(y_test.shape[0])
    confusion = torch.zeros(2, 2, dtype=torch.int64)
    for t, p in zip(y_test.view(-1), y_predicted_cls.view(-1)):
        confusion[t.long(), p.long()] += 1
    print(f"accuracy = {acc:.4f}")
    print(confusion, confusion.diag().sum().item() / confusion.sum().item())
[w, b] = model.parameters()
print(w[0][0].item(), b[0].item())
