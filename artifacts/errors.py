"""What can go wrong while artifacts are made.

RemotePacketError       a recorded packet does not have the form of its RFC; it is left out
StepError               a step cannot be done; the job is tried again later
  CommandRefusedError   rooms refused what the step had to say
StoreError              the object store did not do what was asked
  NotStoredError        there is no such object
  StoreUnavailableError it does not answer, or is busy or full; ask again
"""


class RemotePacketError(Exception):
    """A recorded packet is malformed."""


class StepError(Exception):
    """A step of the recording's pipeline cannot be done now."""


class CommandRefusedError(StepError):
    """The room refused what the worker had to say."""


class StoreError(Exception):
    """The object store did not do what was asked."""


class NotStoredError(StoreError):
    """There is no such object."""


class StoreUnavailableError(StoreError):
    """The object store does not answer, or is busy or full."""
