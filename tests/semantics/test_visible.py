"""What Python shows of a decorated function: its name, source, signature, kind and pickles."""

from __future__ import annotations

import asyncio
import copy
import functools
import importlib
import inspect
import pickle
import pydoc
import subprocess
import sys
import textwrap
import traceback
import typing
import weakref

import numpy as np
import pytest

from tests.oracle import compiled, same

A = np.arange(1.0, 6.0)


def plain(a: np.ndarray, scale: float = 2.0, *, shift: int = 1) -> float:
    """Scale and shift in place."""
    s = 0.0
    for i in range(a.shape[0]):
        a[i] = a[i] * scale + shift
        s = max(s, a[i])
    return s


decorated = compiled(plain)
decorated.__name__ = "decorated"
decorated.__qualname__ = "decorated"


def test_wraps():
    g = compiled(plain)
    for name in (
        "__name__",
        "__qualname__",
        "__module__",
        "__doc__",
        "__annotations__",
        "__defaults__",
        "__kwdefaults__",
    ):
        assert getattr(g, name) == getattr(plain, name)
    assert inspect.unwrap(g) is plain


def test_attributes_are_kept():
    def f(a):
        for i in range(a.shape[0]):
            a[i] = 1

    f.unit = "metre"
    assert compiled(f).unit == "metre"


def test_signature_and_annotations():
    g = compiled(plain)
    assert inspect.signature(g) == inspect.signature(plain)
    assert typing.get_type_hints(g) == typing.get_type_hints(plain)
    assert inspect.getfullargspec(g) == inspect.getfullargspec(plain)


def test_source():
    g = compiled(plain)
    assert inspect.getsource(g) == inspect.getsource(plain)
    assert inspect.getsourcefile(g) == __file__
    assert inspect.getsourcelines(g)[1] == inspect.getsourcelines(plain)[1]


def test_help():
    g = compiled(plain)
    assert pydoc.render_doc(g) == pydoc.render_doc(plain)


def test_code_object():
    g = compiled(plain)
    assert g.__code__.co_filename == plain.__code__.co_filename
    assert g.__code__.co_name == "plain"
    assert g.__code__.co_firstlineno == plain.__code__.co_firstlineno
    assert g.__code__.co_argcount == plain.__code__.co_argcount


def test_kind():
    g = compiled(plain)
    assert callable(g)
    assert inspect.isroutine(g)
    assert not inspect.isgeneratorfunction(g)
    assert not inspect.iscoroutinefunction(g)


def test_pickle_by_name():
    text = pickle.dumps(decorated)
    assert pickle.loads(text) is decorated
    assert pickle.loads(text)(A.copy()) == plain(A.copy())


def test_copies_are_the_function():
    assert copy.copy(decorated) is decorated
    assert copy.deepcopy(decorated) is decorated


def test_weak_reference_and_hash():
    g = compiled(plain)
    assert weakref.ref(g)() is g
    assert {g: 1}[g] == 1


def test_decorating_twice():
    g = compiled(compiled(plain))
    assert g(A.copy()) == plain(A.copy())


def test_other_decorators_above_and_below():
    def doubled(function):
        @functools.wraps(function)
        def wrapper(*arguments):
            return 2 * function(*arguments)

        return wrapper

    assert compiled(doubled(plain))(A.copy()) == 2 * plain(A.copy())
    assert doubled(compiled(plain))(A.copy()) == 2 * plain(A.copy())
    assert functools.partial(compiled(plain), scale=3.0)(A.copy()) == plain(A.copy(), 3.0)
    cached = functools.lru_cache(compiled(lambda n: sum(range(n))))
    assert cached(5) == 10


def test_lambda():
    f = lambda a, k: [x * k for x in a]  # noqa: E731 - a lambda is what is tested
    assert compiled(f)(A, 2) == [x * 2 for x in A]


class Model:
    """A class whose methods loop."""

    factor = 3.0

    def __init__(self, values):
        self.values = values

    def scale(self, out):
        """Scale the values."""
        for i in range(self.values.shape[0]):
            out[i] = self.values[i] * self.factor
        return out

    @staticmethod
    def add(a, out):
        for i in range(a.shape[0]):
            out[i] += a[i]
        return out

    @classmethod
    def fill(cls, out):
        for i in range(out.shape[0]):
            out[i] = cls.factor
        return out

    @property
    def largest(self):
        m = 0.0
        for i in range(self.values.shape[0]):
            m = max(m, self.values[i])
        return m

    def __call__(self, n):
        s = 0
        for i in range(n):
            s += i
        return s


def test_method():
    class Fast(Model):
        scale = compiled(Model.scale)

    for factor in (3.0, 5.0, 2):
        model = Fast(A)
        model.factor = factor
        assert np.array_equal(model.scale(np.zeros(5)), A * factor)
        assert Fast.scale(model, np.zeros(5))[0] == factor
    assert model.scale.__self__ is model
    assert model.scale.__doc__ == "Scale the values."


def test_method_that_changes_attributes():
    class Counter:
        count = 0

        def step(self, a):
            for i in range(a.shape[0]):
                self.count += 1
                a[i] = self.count
            return self.count

    class Fast(Counter):
        step = compiled(Counter.step)

    assert Fast().step(np.zeros(4)) == 4
    fast = Fast()
    fast.step(np.zeros(3))
    assert fast.count == 3


def test_static_and_class_methods_decorated_inside_and_outside():
    class Fast(Model):
        inside_static = staticmethod(compiled(Model.__dict__["add"].__func__))
        inside_class = classmethod(compiled(Model.__dict__["fill"].__func__))
        factor = 7.0

    assert np.array_equal(Fast.inside_static(A, np.zeros(5)), A)
    assert np.array_equal(Fast(A).inside_static(A, np.zeros(5)), A)
    assert np.array_equal(Fast.inside_class(np.zeros(5)), np.full(5, 7.0))


def test_jit_above_staticmethod_and_classmethod():
    conure = pytest.importorskip("conure")

    class Fast(Model):
        above_static = conure.jit(Model.__dict__["add"])
        above_class = conure.jit(Model.__dict__["fill"])

    assert np.array_equal(Fast.above_static(A, np.zeros(5)), A)
    assert np.array_equal(Fast.above_class(np.zeros(5)), np.full(5, 3.0))


def test_property_and_call():
    class Fast(Model):
        largest = property(compiled(Model.largest.fget))
        __call__ = compiled(Model.__call__)

    assert Fast(A).largest == 5.0
    assert Fast(A)(4) == 6


def test_super_and_dunder_class():
    class Base:
        def start(self):
            return 10

    class Derived(Base):
        def start(self):
            s = super().start()
            for i in range(4):
                s += i
            return s

    class Fast(Base):
        start = compiled(Derived.start)

    assert compiled(Derived.start)(Derived()) == 16
    with pytest.raises(TypeError):
        Fast().start()


def test_private_names_are_mangled():
    class Holder:
        __hidden = 4

        def total(self):
            s = 0
            for i in range(self.__hidden):
                s += i
            return s

    assert compiled(Holder.total)(Holder()) == 6


def test_generator_is_left_alone():
    def f(a):
        for i in range(a.shape[0]):
            yield a[i] * 2

    g = compiled(f)
    assert inspect.isgeneratorfunction(g)
    assert list(g(A)) == [2.0, 4.0, 6.0, 8.0, 10.0]


def test_coroutines_and_asynchronous_generators_are_left_alone():
    async def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            await asyncio.sleep(0)
            s += a[i]
        return s

    async def g(a):
        for i in range(a.shape[0]):
            yield a[i]

    async def main():
        return await compiled(f)(A), [x async for x in compiled(g)(A)]

    assert inspect.iscoroutinefunction(compiled(f))
    assert inspect.isasyncgenfunction(compiled(g))
    assert asyncio.run(main()) == (15.0, A.tolist())


def test_recursive_function():
    def fact(n):
        r = 1
        for i in range(n, n + 1):
            r = i
        return 1 if n <= 1 else r * fact(n - 1)

    same(fact, 20)
    same(fact, 30)


def test_nested_function_defined_in_the_function():
    def f(a):
        k = 3

        def inner(x):
            return x * k

        s = 0.0
        for i in range(a.shape[0]):
            s = max(s, inner(a[i]))
        k = 5
        return s, inner(1)

    same(f, A)


def test_locals_and_introspection_inside_the_function():
    def f(a):
        t = 0
        for i in range(a.shape[0]):
            t = i
        return sorted(locals()), sys._getframe().f_code.co_name, t

    same(f, A)


def test_builtins_are_refused_or_left_alone():
    g = None
    try:
        g = compiled(len)
    except TypeError as error:
        assert "len" in str(error)
    assert g is None or g([1, 2]) == 2


def test_function_without_source():
    names: dict = {}
    exec("def f(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s", names)
    assert compiled(names["f"])(5) == 10


def test_traceback_text():
    def f(a, n):
        for i in range(n):
            a[i] = i

    def text(function):
        try:
            function(np.zeros(3), 5)
        except IndexError as error:
            entries = traceback.extract_tb(error.__traceback__)
            return [(x.name, x.lineno, x.line) for x in entries if x.filename == __file__][1:]
        return None

    assert text(compiled(f)) == text(f)


def test_source_edited_and_module_reloaded(tmp_path, monkeypatch):
    pytest.importorskip("conure")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = """
        import conure
        @conure.jit(device="cpu")
        def f(a):
            s = 0
            for i in range(a.shape[0]):
                s += {}
            return s
        """
    path = tmp_path / "edited_module.py"
    path.write_text(textwrap.dedent(source).format(1))
    importlib.invalidate_caches()
    module = importlib.import_module("edited_module")
    assert module.f(A) == 5
    path.write_text(textwrap.dedent(source).format(20))
    importlib.reload(module)
    assert module.f(A) == 100


def test_equal_source_in_two_modules_with_different_globals(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, value in (("twin_one", 3), ("twin_two", 4)):
        text = (
            f"K = {value}\ndef f(a, n):\n    s = 0\n    for i in range(n):\n"
            "        s += K\n        a[i] = s\n    return s\n"
        )
        (tmp_path / f"{name}.py").write_text(text)
    one, two = (importlib.import_module(name) for name in ("twin_one", "twin_two"))
    f, g = compiled(one.f), compiled(two.f)
    assert (f(np.zeros(5), 5), g(np.zeros(5), 5), f(np.zeros(5), 5)) == (15, 20, 15)
    with pytest.raises(IndexError) as caught:
        g(np.zeros(5), 6)
    names = [x.filename for x in traceback.extract_tb(caught.value.__traceback__)]
    assert two.__file__ in names
    assert one.__file__ not in names


def test_interactive_definition_runs():
    pytest.importorskip("conure")
    script = (
        "import conure\n@conure.jit\ndef f(n):\n    s = 0\n    for i in range(n):\n"
        "        s += i\n    return s\n\nprint(f(5))\n"
    )
    done = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=script,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert "10" in done.stdout
