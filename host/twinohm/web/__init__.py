"""Pages on this computer that show runs live; they read logs alone."""

from twinohm.errors import TwinOhmError
from twinohm.extras import install_command

try:
    import bokeh  # noqa: F401
except ImportError as error:
    raise TwinOhmError(f"the page is drawn by Bokeh, which is missing: {install_command('web')}") from error
