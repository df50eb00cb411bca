"""Conure's tests: `contract` about the project itself, `unit` per module, random programs."""
