"""A convolutional autoencoder that removes noise, with a held-out part and a checkpoint in memory."""

import copy

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.ReLU(True),
            nn.Conv2d(4, 8, 3, stride=2, padding=1),
            nn.ReLU(True),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(True),
            nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        x = self.encoder(x)
        x = self.decoder(x)
        return x


torch.manual_seed(42)
images = torch.rand(20, 1, 8, 8)
dataset = TensorDataset(images)
train_set, val_set = random_split(dataset, [16, 4])
train_loader = DataLoader(train_set, batch_size=4, shuffle=True, drop_last=True, pin_memory=True)
val_loader = DataLoader(val_set, batch_size=4)
model = Autoencoder()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=0)
best, best_loss = None, float("inf")
for epoch in range(2):
    model.train()
    running = 0.0
    for (img,) in train_loader:
        noisy = torch.clamp(img + 0.2 * torch.randn(*img.shape), 0.0, 1.0)
        output = model(noisy)
        loss = criterion(output, img)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * img.size(0)
    model.eval()
    with torch.no_grad():
        val = torch.stack([criterion(model(img), img) for (img,) in val_loader]).mean()
    scheduler.step(val)
    if val.item() < best_loss:
        best_loss = val.item()
        best = copy.deepcopy(model.state_dict())
    print(f"epoch {epoch}, train {running / len(train_set):.4f}, val {val.item():.4f}")
model.load_state_dict(best)
psnr = -10 * torch.log10(torch.tensor(best_loss))
print("psnr", psnr.item())
