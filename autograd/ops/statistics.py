"""Medians, quantiles, averages and covariances."""
