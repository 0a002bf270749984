"""The time of day, for names and records."""

from datetime import UTC, datetime


def local_now() -> datetime:
    """Return the local time with its offset, or UTC if the time zone of TZ is none of Python's, such as UTC+24."""
    try:
        return datetime.now().astimezone()
    except ValueError:
        return datetime.now(UTC)
