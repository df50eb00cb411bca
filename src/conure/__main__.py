"""`python -m conure`: the command line, which `conure.cli` defines."""

from __future__ import annotations

import sys

from conure.cli import main

if __name__ == "__main__":
    sys.exit(main())
