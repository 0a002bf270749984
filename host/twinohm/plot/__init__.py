"""Pictures of runs."""

import logging

# Of matplotlib's own log a user needs the errors: its folder for fonts may be read-only, and it tells so each time.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
