"""The few feelings that somebody in class can show at a tap: names, not pictures; screens draw them."""

from enum import StrEnum


class Reaction(StrEnum):
    """A reaction to what happens in class, or to a message."""

    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    CLAP = "clap"
    HEART = "heart"
    LAUGH = "laugh"
    SURPRISE = "surprise"
    CELEBRATE = "celebrate"
