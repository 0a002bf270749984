"""The version of this package, as pyproject.toml, run.json and `twinohm --version` have it."""

__version__ = "0.1.0"
