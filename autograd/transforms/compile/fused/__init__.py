"""Fused loops: elementwise chains and row reductions in one pass, compiled by LLVM."""
