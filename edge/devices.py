"""What somebody is in class with, from what their browser says of itself."""

from schemas.media import Device

_HEADER_CHARS_MAX = 512  # Browsers say what they are within the first two hundred.


def device(user_agent: str) -> Device:
    """The kind of device, coarsely; empty when nothing is said. Nothing but attendance depends on it.

    A tablet that asks for desktop pages says that it is a desktop (iPadOS does), and is one then.
    """
    words = user_agent[:_HEADER_CHARS_MAX]
    if not words:
        return ""
    if "iPad" in words or "Tablet" in words or ("Android" in words and "Mobile" not in words):
        return "tablet"
    return "phone" if "Mobi" in words or "iPhone" in words else "desktop"
