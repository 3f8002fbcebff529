"""The compiled module is what its stub and the limits say."""

import ast
from pathlib import Path

import pytest

import sfu
from schemas import limits

STUB = Path(sfu.__file__).parent / "native" / "classwire_native.pyi"
native = pytest.importorskip("classwire_native", reason="the native forwarder is not built")


def test_compiled_limits_are_those_of_the_schemas() -> None:
    for name, value in native.compiled_limits():
        assert getattr(limits, name) == value, name


def test_stub_names_what_the_build_offers() -> None:
    tree = ast.parse(STUB.read_text())
    (path,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    promised = {node.name for node in path.body if isinstance(node, ast.FunctionDef)} - {"__new__"}
    offered = {name for name in dir(native.NativePath) if not name.startswith("_")}
    assert promised == offered
