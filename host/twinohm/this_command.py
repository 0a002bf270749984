"""The command that runs, as it may be kept and shown: without the token of a port."""

import re
import sys
from pathlib import Path

from twinohm.plain_text import plain


def this_command() -> list[str]:
    """Return the program's name and its arguments."""
    return [Path(sys.argv[0]).name, *(plain(re.sub(r"([?&]token=)[^&#\s]*", r"\1...", word)) for word in sys.argv[1:])]
