"""What `import twinohm` offers."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import twinohm
from twinohm import api, api_boards, api_data, api_flash, api_studies

TYPES = {"Levers", "Run", "SparseTwins", "Task", "TwinClassifier", "TwinRegressor"}
FUNCTIONS = [*api.__all__, *api_studies.__all__, *api_boards.__all__, *api_data.__all__, *api_flash.__all__]


def test_the_package_exports_the_functions_of_its_api() -> None:
    assert set(dir(twinohm)) == set(twinohm.__all__) == {*FUNCTIONS, *TYPES, "__version__"}
    assert all(inspect.isclass(getattr(twinohm, name)) for name in TYPES)
    with pytest.raises(AttributeError, match="no attribute 'ran'; public names are Levers, Run"):
        twinohm.ran  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_is_documented_and_typed(name: str) -> None:
    function = getattr(twinohm, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert re.search(rf"^    (\w+, )*{parameter.name}(, \w+)*:", function.__doc__, re.MULTILINE), parameter.name


def test_importing_the_package_registers_the_virtual_ports_and_loads_no_large_library() -> None:
    code = (
        "import sys, twinohm, serial; print(*serial.protocol_handler_packages);"
        "print(*{'numpy', 'pydantic', 'matplotlib', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    handlers, large = done.stdout.splitlines()
    assert "twinohm.sim.url_handlers" in handlers.split()
    assert large == ""


def test_no_public_name_is_a_subpackage() -> None:
    folder = Path(twinohm.__file__).parent
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert not packages & set(twinohm.__all__)
