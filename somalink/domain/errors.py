"""One error base, few leaves; each says what failed and what to do next.

Expected absence (too few beats, a strap out of reach) is a value, never an exception: see `Reason` in `catalogue`.
"""


class SomalinkError(Exception):
    """Anything a person can act on: `what` went wrong and the `next_step` to take.

    The command line prints both lines and exits with `exit_code` (contracts, design section 6).
    """

    exit_code = 1

    def __init__(self, what: str, *, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what}\n  next: {self.next_step}" if self.next_step else self.what


class BadInput(SomalinkError):
    """A file, row or option that cannot be read as what it claims to be; names the input and, where known, the line."""

    exit_code = 1


class UsageError(SomalinkError):
    """The command was asked for something that does not fit together."""

    exit_code = 2


class BadFrame(SomalinkError):
    """Bytes of a device that do not follow its format."""


class StoreError(SomalinkError):
    """The store cannot be opened, read or written: locked, corrupt, newer than this program, or the disk is full."""


class EngineLocked(StoreError):
    """Another engine already writes this person and device in this store."""


class ConfigError(SomalinkError):
    """A setting that is missing, unreadable or out of range; names the key and the fix."""


class BluetoothUnavailable(SomalinkError):
    """This computer has no Bluetooth that can be used now: none there, switched off, or not allowed."""

    exit_code = 3


class DeviceNotFound(SomalinkError):
    """A strap that was asked for was not heard."""

    exit_code = 4
