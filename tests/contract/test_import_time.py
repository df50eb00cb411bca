"""`import conure` is free: what is heavy is loaded by the first function that needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import conure
from tests.contract.sources import PACKAGE

HEAVY = ("llvmlite", "islpy", "scipy", "matplotlib", "rich", "cuda", "pyopencl", "dask")

PROGRAM = """
import sys
import conure
conure.config, conure.options, conure.ConureError, dir(conure)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_import_loads_nothing_heavy() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(answer.stdout.split())


@pytest.mark.parametrize("name", conure.__all__)
def test_each_public_name_is_there(name: str) -> None:
    module = conure._PUBLIC.get(name, "conure")
    if not (PACKAGE.parent / module.replace(".", "/")).with_suffix(".py").exists():
        assert module == "conure" or name not in vars(conure)
        return
    assert getattr(conure, name) is not None
    assert name in dir(conure)


def test_no_module_hides_a_public_name() -> None:
    """Importing a submodule sets it as an attribute of the package, over the lazy name."""
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & {*conure._PUBLIC, "config"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'jitt'"):
        conure.jitt  # noqa: B018 # the lookup itself is what is tested
