"""Datasets by row, samplers that order the rows, and the loader that makes batches of them, here or in workers."""
