"""Layers and losses as modules, in files with the names of torch.nn.modules."""
