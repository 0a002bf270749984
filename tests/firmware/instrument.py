"""The firmware with a call of `_probe()` wherever Ctrl-C may interrupt it, for tests that interrupt each such place.

MicroPython raises KeyboardInterrupt after jumps of Python code alone (py/vm.c, pending_exception_check): at the begin
of a branch, of a turn of a loop and of an `except` with a class, and behind such a statement. CPython raises it between
any two statements.
"""

import ast
from pathlib import Path

MACHINE_CODE = {"viper"}
SHIELD = "ctrl_c.py"  # what it does between its first call and the end of its loop, nothing interrupts


def write_instrumented(source: Path, target: Path, everywhere: bool) -> None:
    """Write the Python files of folder `source` to `target` with probes. everywhere: also where there is no jump."""
    for path in source.rglob("*.py"):
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        tree = ast.parse(path.read_text())
        if path.name != SHIELD:
            _Probes(everywhere).visit(tree)
        to.write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _probe() -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name("_probe", ast.Load()), [], []))


class _Probes(ast.NodeVisitor):
    def __init__(self, everywhere: bool) -> None:
        self._everywhere = everywhere

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        decorators = {name.attr for name in node.decorator_list if isinstance(name, ast.Attribute)}
        if not decorators & MACHINE_CODE:
            node.body = self._block(node.body, jumped_to=False)

    def _block(self, body: list[ast.stmt], jumped_to: bool) -> list[ast.stmt]:
        """Return the statements of a block with probes."""
        probed: list[ast.stmt] = []
        for k, statement in enumerate(body):
            docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not docstring and (jumped_to or (self._everywhere and k > 0)):
                probed.append(_probe())
            probed.append(statement)
            jumped_to = self._enter(statement)
        if jumped_to:
            probed.append(_probe())
        return probed

    def _enter(self, statement: ast.stmt) -> bool:
        """Put probes into the blocks of a statement. Return whether a jump leads behind it."""
        if isinstance(statement, ast.If | ast.For | ast.While):
            statement.body = self._block(statement.body, jumped_to=True)
            if statement.orelse:
                statement.orelse = self._block(statement.orelse, jumped_to=True)
            return True
        if isinstance(statement, ast.Try):
            for name in ("body", "orelse", "finalbody"):
                setattr(statement, name, self._block(getattr(statement, name), jumped_to=False))
            for handler in statement.handlers:
                handler.body = self._block(handler.body, jumped_to=handler.type is not None)
            return bool(statement.handlers)
        if isinstance(statement, ast.With):
            statement.body = self._block(statement.body, jumped_to=False)
        elif isinstance(statement, ast.FunctionDef):
            self.visit_FunctionDef(statement)
        return False
