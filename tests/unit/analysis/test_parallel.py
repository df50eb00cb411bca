"""Verdicts on loops that everyone knows; names such as s111 are those of the TSVC loops."""

from __future__ import annotations

import pytest

from conure.analysis.parallel import Parallel, Serial, Verdict, judge_all
from conure.ir.nodes import Reduction
from conure.ir.parse import parse
from conure.ir.text import show

HEADER = (
    "program p(a: f64[1]C, b: f64[1]C, c: f64[2]C, d: f64[2]C, idx: i64[1]C, x: f64, "
    "n: int, m: int, p0: int, q: int)"
)
LOCALS = "local s, t, u: f64\nlocal k, l: int\nlocal found: bool\n"


def judged(text: str, results: str = "", **options: bool) -> dict[str, Verdict]:
    arrow = f" -> {results}" if results else ""
    return judge_all(parse(f"{HEADER}{arrow} {{\n{LOCALS}{text}\n}}"), **options)


PARALLEL = {
    "copy": "for i in 0:n { a[i] = b[i] }",
    "in place": "for i in 0:n { a[i] = a[i] * a[i] }",
    "s000 reversed": "for i in n - 1:-1:-1 { a[i] = b[n - 1 - i] }",
    "s111 odd from even": "for i in 1:n:2 { a[i] = a[i - 1] + b[i] }",
    "gcd": "for i in 0:n { a[2 * i] = a[2 * i + 1] }",
    "rows": "for i in 0:n { for j in 1:m { c[i, j] = c[i, j - 1] } }",
    "lower from upper": "for i in 0:n { for j in 0:i { c[i, j] = c[j, i] } }",
    "half from half": "for i in 0:n { a[i] = a[i + n] }",
    "linearised": "for i in 0:n { for j in 0:m { a[i * m + j] = 0.0:f64 } }",
    "linearised box": "for i in 0:n { for j in 0:m { for h in 0:q { a[(i*m + j)*q + h] = x } } }",
    "linearised by a constant": "for i in 0:n { for j in 0:100 { a[100 * i + j] = 0.0:f64 } }",
    "read indirectly": "for i in 0:n { a[i] = b[int(idx[i])] }",
    "private scalar": "for i in 0:n { t = b[i]\n a[i] = t * t }",
    "private array": "for i in 0:n { w = alloc f64[3]\n w[0] = b[i]\n a[i] = w[0] }",
    "induction in text": "for i in 0:n { k = 2 * i + 1\n a[k] = b[i] }",
    "conditional": "for i in 0:n { if b[i] > x { a[i] = b[i] } }",
    "inner while": "for i in 0:n { t = x\n while t < b[i] { t = t * t }\n a[i] = t }",
    "continue": "for i in 0:n { block L { if b[i] > x { leave L }\n a[i] = b[i] } }",
    "periodic": "for i in 0:n { a[(i + q) % n] = b[i] }",
    "parity": "for i in 0:n { c[2 * i, i] = c[2 * i + 1, i] }",
    "strided by a variable": "for i in 0:n { c[i, q * q] = c[i, q] }",
}


@pytest.mark.parametrize("name", PARALLEL)
def test_parallel(name: str) -> None:
    verdict = judged(PARALLEL[name])["i"]
    assert isinstance(verdict, Parallel), verdict
    assert verdict.guard is None


GUARDED = {
    "offsets": ("for i in 0:n { a[i + p0] = a[i + q] }", "q == p0 or p0 >= n +? q or q >= n +? p0"),
    "stride": ("for i in 0:n { a[i * q] = b[i] }", "q != 0"),
    "one element": ("for i in 0:n { a[i] = a[q] }", "q >= n or q <= 0"),
    "row width": ("for i in 0:n { for j in 0:m { a[i * q + j] = 1.0:f64 } }", "q >= m"),
}


@pytest.mark.parametrize("name", GUARDED)
def test_guarded(name: str) -> None:
    text, part = GUARDED[name]
    verdict = judged(text)["i"]
    assert isinstance(verdict, Parallel), verdict
    assert verdict.guard is not None
    assert part in show(verdict.guard)


SERIAL = {
    "recurrence": ("for i in 1:n { a[i] = a[i - 1] }", "flow", 1),
    "far recurrence": ("for i in 4:n { a[i] = a[i - 4] }", "flow", 4),
    "anti": ("for i in 0:n { a[i] = a[i + 1] }", "anti", 1),
    "anti, downwards": ("for i in n:0:-1 { a[i] = a[i - 1] }", "anti", 1),
    "same element": ("for i in 0:n { a[0] = b[i] }", "output", None),
    "scatter": ("for i in 0:n { a[int(idx[i])] = b[i] }", "output", None),
    "mirror": ("for i in 0:n { a[i] = a[n - 1 - i] }", "flow", None),
    "carried scalar": ("for i in 0:n { a[i] = t\n t = b[i] }", "scalar", None),
    "scan": ("for i in 0:n { s = s + a[i]\n b[i] = s }", "scalar", None),
    "break": ("block L { for i in 0:n { if a[i] > x { leave L } } }", "control", None),
    "exchange": (
        "for i in 0:n { for j in 0:m { c[0, j] = d[0, j] }\n c, d := d, c }",
        "control",
        None,
    ),
}


@pytest.mark.parametrize("name", SERIAL)
def test_serial(name: str) -> None:
    text, kind, distance = SERIAL[name]
    verdict = judged(text)["i"]
    assert isinstance(verdict, Serial), verdict
    assert (verdict.kind, verdict.distance) == (kind, distance)


def test_reasons_name_the_accesses() -> None:
    verdicts = judged("for i in 4:n { a[i] = a[i - 4] } for j in 0:n { a[int(idx[j])] = x }")
    messages = [v.reason.message for v in verdicts.values() if isinstance(v, Serial)]
    assert messages == [
        "a[i - 4] reads in a later iteration what a[i] wrote 4 iterations before",
        "a[int(idx[j])] is written at a subscript not known before the loop, perhaps twice",
    ]


REDUCTIONS = {
    "sum": ("for i in 0:n { s = s + a[i] }", "add"),
    "difference": ("for i in 0:n { s = s - a[i] * b[i] }", "add"),
    "two terms": ("for i in 0:n { s = s + a[i] + b[i] }", "add"),
    "conditional": ("for i in 0:n { if a[i] > x { s = s + a[i] } }", "add"),
    "nested": ("for i in 0:n { for j in 0:m { s = s + c[i, j] } }", "add"),
    "product": ("for i in 0:n { s = a[i] * s }", "mul"),
    "minimum": ("for i in 0:n { s = minimum(s, a[i]) }", "minimum"),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str) -> None:
    text, op = REDUCTIONS[name]
    verdict = judged(text, "s")["i"]
    assert isinstance(verdict, Parallel), verdict
    assert verdict.reductions == (Reduction("s", op),)


def test_keeping_reductions_are_named_for_their_comparison() -> None:
    text = "for i in 0:n { if a[i] < s { s = a[i] } } for j in 0:n { if k < j { k = j } }"
    verdicts = judged(text, "s, k")
    found = [v.reductions for v in verdicts.values() if isinstance(v, Parallel)]
    assert found == [(Reduction("s", "less"),), (Reduction("k", "maximum"),)]
    assert isinstance(judged(text, "s, k", keeping=False)["i"], Serial)


def test_a_flag_may_be_set_beside_the_value_kept() -> None:
    text = "for i in 0:n { if a[i] < s { s = a[i]\n found = True } }"
    verdict = judged(text, "s, found")["i"]
    assert verdict == Parallel(None, (Reduction("found", "last"), Reduction("s", "less")))


NO_REDUCTIONS = {
    "how often it is less": "for i in 0:n { if a[i] < s { s = a[i]\n k = k + 1 } }",
    "read elsewhere": "for i in 0:n { s = s + a[i]\n b[i] = s }",
    "two operators": "for i in 0:n { s = s + a[i]\n s = s * b[i] }",
    "subtracted from": "for i in 0:n { s = a[i] - s }",
    "in the condition": "for i in 0:n { if s < x { s = s + a[i] } }",
}


@pytest.mark.parametrize("name", NO_REDUCTIONS)
def test_what_is_no_reduction(name: str) -> None:
    assert isinstance(judged(NO_REDUCTIONS[name], "s, k")["i"], Serial)


def test_float_order_exact_keeps_sums_serial_but_not_minima() -> None:
    text = "for i in 0:n { s = s + a[i] } for j in 0:n { t = minimum(t, a[j]) }"
    verdicts = judged(text, "s, t", exact=True)
    assert isinstance(verdicts["i"], Serial)
    assert isinstance(verdicts["j"], Parallel)


def test_array_accumulation() -> None:
    inner = "for j in 0:n { c[i, j] = c[i, j] + d[i, k0] * d[k0, j] }"
    text = f"for k0 in 0:n {{ for i in 0:n {{ {inner} }} }}"
    verdicts = judged(text)
    outer = verdicts["k0"]
    assert isinstance(outer, Parallel)
    assert outer.reductions == (Reduction("c", "add", True),)
    assert verdicts["i"] == verdicts["j"] == Parallel()


def test_last_values() -> None:
    verdict = judged("for i in 0:n { t = a[i] }", "t")["i"]
    assert verdict == Parallel(None, (), ("t",), ("t",))
    flag = judged("for i in 0:n { if a[i] > x { found = True } }", "found")["i"]
    assert flag == Parallel(None, (Reduction("found", "last"),))
    some = judged("for i in 0:n { if a[i] > x { t = a[i] } }", "t")["i"]
    assert isinstance(some, Serial)


def test_overlapping_arguments() -> None:
    text = f"{HEADER} overlaps a/b {{ for i in 0:n {{ a[i] = b[i] }} }}"
    (verdict,) = judge_all(parse(text)).values()
    assert isinstance(verdict, Serial)
    assert verdict.reason.message == "a and b overlap in this call"


def test_checked_subscripts_may_wrap() -> None:
    wraps = judged("for i in 0 - n:n { a?[i] = x }")["i"]
    assert isinstance(wraps, Serial)
    fromend = judged("for i in 1:n { a?[0 - i] = a?[0 - i] * x }")["i"]
    assert fromend == Parallel()
    shifted = judged("for i in 0:n { a?[i + q] = x }")["i"]
    assert isinstance(shifted, Parallel)
    assert shifted.guard is not None
    assert show(shifted.guard) == "q >= 0"


def test_floyd_warshall_is_parallel_between_the_pivots() -> None:
    body = "for j in 0:n { t = c[i, k0] + c[k0, j]\n if t < c[i, j] { c[i, j] = t } }"
    halves = f"for i in 0:k0 {{ {body} }}"
    verdicts = judged(f"for k0 in 0:n {{ {halves} }}")
    assert isinstance(verdicts["i"], Parallel)
