"""`pip` for a Python without a network: installs pure-Python wheels from local directories."""

__version__ = "1.0"
