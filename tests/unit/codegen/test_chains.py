"""Random chains of array operations, through all stages and as machine code, in many chunks."""

from __future__ import annotations

import numpy as np
import pytest

from conure.configuration import Config
from conure.ir.evaluate import evaluate
from conure.ir.text import show
from conure.pipeline import decide
from tests.unit.codegen.native import run
from tests.unit.passes.chains import chain

_SIZES = (3, 60, 200)


@pytest.mark.parametrize("seed", range(30))
def test_chains_as_machine_code(seed: int) -> None:
    before, args = chain(seed, _SIZES)
    ours = {name: value.copy() if hasattr(value, "copy") else value for name, value in args.items()}
    expected = evaluate(before, args)
    after = decide(before, Config(check=True), careful=False)
    status, results = run(show(after), ours, eager=True)
    assert (status, results) == (expected.status, tuple(expected.results))
    for name, value in args.items():
        np.testing.assert_array_equal(ours[name], value)
