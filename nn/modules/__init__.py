"""Layers and losses as modules, in files named as those of torch.nn.modules."""
