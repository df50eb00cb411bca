"""Decide by cost: which loops run in parallel, in which order, on what."""
