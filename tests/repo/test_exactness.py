"""Reads the syntax tree of `processing`: no float reduction whose last digit depends on how the data were cut (contracts, section 3)."""

import ast
from pathlib import Path

import pytest

PROCESSING = Path(__file__).resolve().parents[2] / "processing"
REDUCTIONS = """
    dot matmul vdot inner outer einsum tensordot norm
    sum nansum fsum sumprod prod nanprod cumsum nancumsum cumprod
    mean nanmean fmean average std nanstd var nanvar
    reduce reduceat accumulate convolve correlate trapezoid trapz polyfit logsumexp
"""
FORBIDDEN = frozenset(REDUCTIONS.split())
"""What numpy, scipy, math and statistics call them. Solving a small fitted system is allowed: one thread, one call (contracts, section 3)."""
ORDERLESS = {"maximum", "minimum", "logical_and", "logical_or", "bitwise_and", "bitwise_or"}
"""Their result is one of their inputs, whatever the order."""
EXEMPT = {
    "exact.py": "the one home of sums; every one asserts integers",
    "findings": "statistics of whole spans, at once, by scipy and statsmodels; nothing of them is FINAL or cut in pieces (decision 0023)",
    "hrv_panel.py": "hands intervals to NeuroKit2, whose arithmetic is its own; it is a batch over closed windows and never chunked",
}


def module_paths() -> list[Path]:
    return sorted(path for path in PROCESSING.rglob("*.py") if not EXEMPT.keys() & set(path.relative_to(PROCESSING).parts))


def breaches(source: str) -> list[str]:
    """What stands in the way of equal last digits, as `line: what`."""
    return [f"{node.lineno}: {what}" for node in ast.walk(ast.parse(source)) if (what := breach(node))]  # type: ignore[attr-defined]


def breach(node: ast.AST) -> str:
    """The reduction this node is, or nothing. A variable may be called `mean`; calling or importing something of that name may not."""
    match node:
        case ast.Attribute(value=ast.Attribute(attr=ufunc), attr="reduce" | "accumulate") if ufunc in ORDERLESS:
            return ""
        case ast.BinOp(op=ast.MatMult()) | ast.AugAssign(op=ast.MatMult()):
            return "@"
        case ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)) | ast.alias(name=name) if name in FORBIDDEN:
            return name
        case ast.Name(id="sum", ctx=ast.Load()):
            return "sum"
    return ""


@pytest.mark.parametrize("path", module_paths(), ids=lambda path: str(path.relative_to(PROCESSING)))
def test_sums_run_over_integers_and_live_in_one_module(path):
    found = breaches(path.read_text(encoding="utf-8"))
    assert not found, f"processing/{path.relative_to(PROCESSING)}: {found}; use processing.exact (sums over integers), or a median, percentile, lfilter or FFT"


def test_exempt_modules_are_still_there_to_be_exempt():
    assert all((PROCESSING / name).exists() for name in EXEMPT)


REFUSED = "a @ b; a @= b; np.dot(a, b); a.sum(); np.mean(a); sum(x for x in a); np.add.reduce(a); np.add.accumulate(a); f = sum; mean(a)"
ALLOWED = "np.median(a); exact.int_sum(a); a + b; mean = mean_of(a); np.maximum(a, b); np.maximum.accumulate(a); self.total; summary(a)"


@pytest.mark.parametrize("line", [*REFUSED.split("; "), "from numpy import cumsum"])
def test_the_reader_sees_every_way_to_write_a_reduction(line):
    assert breaches(line)


@pytest.mark.parametrize("line", ALLOWED.split("; "))
def test_the_reader_lets_elementwise_work_pass(line):
    assert not breaches(line)
