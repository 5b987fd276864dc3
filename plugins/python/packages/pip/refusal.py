"""The one error of this package: a sentence that says what was refused, why, and what to do."""

NO_NETWORK = "the sandbox has no network"


class Refusal(Exception):
    """Something that cannot be done; the text is for the user."""
