"""Recorded NumPy calls: a graph of nodes, evaluated when a value is observed.

`record` builds the graph, `value_of` and `write` make its needed part a straight-line NumPy
program, which the front end lowers as it lowers a user's own array code.
"""
