"""Elements put in another place: rotations, insertions, deletions, blocks, grids."""
