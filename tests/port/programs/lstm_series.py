"""The next values of a sine wave by an LSTM."""

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable


def create_dataset(dataset, lookback):
    X, y = [], []
    for i in range(len(dataset) - lookback):
        X.append(dataset[i : i + lookback])
        y.append(dataset[i + 1 : i + lookback + 1])
    return torch.tensor(np.array(X), dtype=torch.float32), torch.tensor(np.array(y), dtype=torch.float32)


class AirModel(nn.Module):
    def __init__(self, hidden=8, layers=2):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.lstm = nn.LSTM(input_size=1, hidden_size=hidden, num_layers=layers, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        h0 = Variable(torch.zeros(self.layers, x.size(0), self.hidden))
        c0 = Variable(torch.zeros(self.layers, x.size(0), self.hidden))
        x, (hn, cn) = self.lstm(x, (h0, c0))
        x = self.linear(x)
        return x


series = np.sin(0.3 * np.arange(60)).reshape(-1, 1).astype(np.float32)
train_size = int(len(series) * 0.67)
X_train, y_train = create_dataset(series[:train_size], 5)
X_test, y_test = create_dataset(series[train_size:], 5)
print(X_train.shape, y_train.shape)

torch.manual_seed(7)
model = AirModel()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.MSELoss()
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
for epoch in range(5):
    model.train()
    y_pred = model(X_train)
    loss = loss_fn(y_pred, y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        test_rmse = np.sqrt(loss_fn(model(X_test), y_test).item())
    print("Epoch %d: train %.4f, test RMSE %.4f" % (epoch, loss.item(), test_rmse))
with torch.no_grad():
    forecast = model(X_test)[:, -1, :].squeeze().detach().cpu().numpy()
print(forecast[:5])
