"""The first compilation of a process: the pool is made beside it, and nothing of that stays."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


def test_the_pool_is_made_beside_the_first_compilation(tmp_path: Path) -> None:
    code = """
        import threading
        import numpy as np, conure
        from conure.runtime import pool
        makers = []
        make = pool._make_pool
        def made():
            makers.append(threading.current_thread().name)
            return make()
        pool._make_pool = made

        @conure.jit(device="cpu")
        def f(x):
            for i in range(len(x)):
                x[i] = x[i] + 1.0

        x = np.zeros(5)
        f(x)
        assert x.tolist() == [1.0] * 5
        assert makers[0] == "conure-start", makers
        assert [t.name for t in threading.enumerate()] == ["MainThread"]
    """
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(code))
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    environment = dict(os.environ, CONURE_CACHE_DIR=str(folder))
    subprocess.run([sys.executable, str(program)], check=True, timeout=60, env=environment)
