"""Imports run one way in the host package, in hardware/ and in the firmware, and each module has code of its own."""

import ast
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sysconfig.get_path("scripts"), "lint-imports")


@pytest.mark.parametrize(
    ("contracts", "path"),
    [("pyproject.toml", ["host"]), ("tests/unit/firmware_imports.toml", ["firmware"])],
    ids=["host", "firmware"],
)
def test_no_contract_is_broken(contracts: str, path: list[str]) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in path)}
    command = [LINT, contracts, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken." in done.stdout


def is_import_alone(path: Path) -> bool:
    """Return whether a module has imports, and beside them nothing but a docstring and `__all__`."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    rest = [node for node in body if node not in imports and not is_docstring(node) and not is_all(node)]
    return bool(imports) and not rest


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]


def test_no_module_only_re_exports_another() -> None:
    modules = [path for name in ("host/twinohm", "firmware", "hardware") for path in (ROOT / name).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in modules if is_import_alone(path)}
    assert found == set()
