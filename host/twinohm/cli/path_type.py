"""The type of the command line's paths: one that the file system cannot have is refused in words."""

from pathlib import Path
from typing import Any

import click

from twinohm.errors import UsageError
from twinohm.inputs import possible_path


class FilePath(click.Path):
    """A path, as pathlib has it."""

    def __init__(self, dir_okay: bool = True) -> None:
        super().__init__(dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            possible_path(Path(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)
