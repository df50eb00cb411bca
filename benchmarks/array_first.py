"""The first evaluation in this process (started by measure.py): a chain of 10 operations."""

import json
import sys
import time

import array_programs
import numpy as np


def main() -> None:
    """Print {"import": s, "first": s, "second": s} for a size, and whether to compile at once."""
    size, at_once = int(sys.argv[1]), sys.argv[2] == "at once"
    inputs = array_programs.two(size)
    start = time.perf_counter()
    import conure  # its time is one of the figures
    import conure.numpy as cnp

    seconds = {"import": time.perf_counter() - start}
    x, z = map(cnp.array, inputs)
    run = array_programs.chain(10)
    with conure.options(device="cpu" if at_once else "auto"):
        for name in ("first", "second"):
            x[0] = seconds["import"]
            start = time.perf_counter()
            result = np.asarray(run(cnp, x, z))
            seconds[name] = time.perf_counter() - start
            assert result.shape == (size,)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
