"""Functions as people write them, compared with CPython and compiled without a rest."""
