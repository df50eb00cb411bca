"""From a run of Python statements to a program of the IR."""
