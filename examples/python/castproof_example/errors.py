"""The errors that the modules share."""


class Refused(Exception):
    """Input that the profile refuses; the text says why. It has no effect and sends nothing."""
