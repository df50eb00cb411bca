"""Time the first and the second call of one nest in this process (started by measure.py)."""

import json
import sys
import time

import cases
import peers


def main() -> None:
    """Print {"import": s, "first": s, "second": s} for `PEER NEST`."""
    peer, nest = sys.argv[1:3]
    case = next(each for each in cases.CASES if each.nest == nest)
    arguments = case.arguments("small")
    start = time.perf_counter()
    if peer in ("expert", "numba"):
        function = peers.with_numba(nest, expert=peer == "expert", cache=True)
    elif peer == "conure":  # by itself Conure leaves work as small as some of this to Python
        function = peers.with_conure(nest, device="cpu")
    else:
        function = peers.PEERS[peer](nest)
    seconds = {"import": time.perf_counter() - start}
    for name in ("first", "second"):
        start = time.perf_counter()
        function(*arguments)
        seconds[name] = time.perf_counter() - start
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
