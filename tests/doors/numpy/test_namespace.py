"""`conure.numpy` has NumPy's names, and they look like NumPy's."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys

import numpy
import pytest

import conure.numpy as np

MODULES = ("", ".linalg", ".fft", ".random", ".lib.stride_tricks", ".char", ".testing", ".strings")
PUBLIC = [
    (module, name)
    for module in MODULES
    for name in dir(importlib.import_module(f"numpy{module}"))
    if not name.startswith("_")
]


def both(module: str, name: str) -> tuple[object, object]:
    plain = getattr(importlib.import_module(f"numpy{module}"), name)
    return plain, getattr(importlib.import_module(f"conure.numpy{module}"), name)


@pytest.mark.parametrize("module", MODULES)
def test_names(module: str) -> None:
    plain = importlib.import_module(f"numpy{module}")
    ours = importlib.import_module(f"conure.numpy{module}")
    assert dir(ours) == dir(plain)
    assert set(getattr(plain, "__all__", ())) <= set(getattr(ours, "__all__", ()))


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_documentation_and_signature(module: str, name: str) -> None:
    plain, ours = both(module, name)
    assert getattr(ours, "__name__", None) in (
        getattr(plain, "__name__", None),
        f"conure.{plain}",
    ) or (inspect.ismodule(ours))
    if callable(plain) and not inspect.isclass(plain):
        assert ours.__doc__ == plain.__doc__
        try:
            expected = inspect.signature(plain)
        except (ValueError, TypeError):
            return
        assert str(inspect.signature(ours)) == str(expected)


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_pickled_by_name(module: str, name: str) -> None:
    plain, ours = both(module, name)
    if isinstance(plain, numpy.ufunc) or inspect.isfunction(plain) or inspect.isbuiltin(plain):
        try:
            pickle.loads(pickle.dumps(plain))
        except Exception:
            return
        assert pickle.loads(pickle.dumps(ours)) is ours


def test_two_names_of_one_function_are_one() -> None:
    assert np.abs is np.absolute
    assert np.amax is not np.max
    assert np.bool is numpy.bool
    assert np.linalg.LinAlgError is numpy.linalg.LinAlgError


def test_a_name_that_is_not_there() -> None:
    for name in ("foo", "float", "product"):
        with pytest.raises(AttributeError) as theirs:
            getattr(numpy, name)
        with pytest.raises(AttributeError) as ours:
            getattr(np, name)
        assert str(ours.value) == str(theirs.value)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("conure.numpy.foo")


def test_importing_names() -> None:
    names: dict[str, object] = {}
    exec(
        "from conure.numpy import *\n"
        "from conure.numpy.linalg import norm\n"
        "from conure.numpy.lib.stride_tricks import as_strided\n"
        "import conure.numpy.ma as ma\n"
        "import conure.numpy.polynomial.polynomial as P\n"
        "from conure.numpy.random import default_rng",
        names,
    )
    assert names["sin"] is np.sin
    assert names["norm"] is np.linalg.norm
    assert names["ma"] is numpy.ma
    assert type(names["P"].polyval(np.ones(3), [1, 2])) is np.ndarray


def test_import_is_light() -> None:
    program = (
        "import sys, numpy; before = set(sys.modules); import conure.numpy as np\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = answer.stdout.split()
    standard = {
        "__future__",
        "threading",
        "dataclasses",
        "copy",
        "unicodedata",
    }  # options
    assert {name for name in loaded if not name.startswith("conure")} <= standard
    assert not any(name.startswith(("conure.ir", "conure.codegen")) for name in loaded)


def test_ufuncs_are_equal_to_numpys() -> None:
    assert np.add == numpy.add
    assert {np.add: 1}[numpy.add] == 1
    assert isinstance(numpy.add, np.ufunc)
    assert isinstance(np.add, np.ufunc)
    assert not isinstance(np.sum, np.ufunc)


def test_names_of_the_caller() -> None:
    left, right = np.eye(2), np.zeros((2, 1))
    assert np.bmat("left, right").tolist() == [[1, 0, 0], [0, 1, 0]]
    assert np.bmat("left; left").shape == (4, 2)
    assert np.r_["left, right"].shape == (2, 3)
    assert np.bmat([[left, right]]).shape == (2, 3)
    with pytest.raises(NameError):
        np.bmat("nothing, left")
