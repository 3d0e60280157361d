"""Skip-grams with negative sampling, and a check by cosine similarity."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
corpus = "we are about to study the idea of a computational process computational processes are abstract beings".split()
vocab = sorted(set(corpus))
word_to_ix = {word: i for i, word in enumerate(vocab)}
pairs = []
for i in range(2, len(corpus) - 2):
    for j in (-2, -1, 1, 2):
        pairs.append((word_to_ix[corpus[i]], word_to_ix[corpus[i + j]]))


class SkipGram(nn.Module):
    def __init__(self, vocab_size, emb_dim):
        super().__init__()
        self.in_embed = nn.Embedding(vocab_size, emb_dim)
        self.out_embed = nn.Embedding(vocab_size, emb_dim)
        self.in_embed.weight.data.uniform_(-0.5 / emb_dim, 0.5 / emb_dim)
        self.out_embed.weight.data.normal_(0, 0.1)

    def forward(self, center, context, negatives):
        v = self.in_embed(center)
        u = self.out_embed(context)
        neg = self.out_embed(negatives)
        pos_score = torch.sum(v * u, dim=1)
        pos_loss = F.logsigmoid(pos_score)
        neg_score = torch.bmm(neg, v.unsqueeze(2)).squeeze(2)
        neg_loss = F.logsigmoid(-neg_score).sum(1)
        return -(pos_loss + neg_loss).mean()


model = SkipGram(len(vocab), 6)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, nesterov=True)
counts = torch.bincount(torch.tensor([word_to_ix[w] for w in corpus]), minlength=len(vocab)).float()
noise = counts.pow(0.75) / counts.pow(0.75).sum()
for epoch in range(6):
    order = torch.randperm(len(pairs))[:16]
    batch = torch.LongTensor([pairs[i] for i in order.tolist()])
    center, context = batch[:, 0], batch[:, 1]
    negatives = torch.multinomial(noise, 16 * 5, replacement=True).view(16, 5)
    loss = model(center, context, negatives)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())
weights = model.in_embed.weight.detach()
norms = weights.norm(dim=1, keepdim=True).clamp(min=1e-8)
similar = (weights / norms) @ (weights / norms).t()
values, indices = similar[0].sort(descending=True)
print([vocab[i] for i in indices[:3].tolist()])
