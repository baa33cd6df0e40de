"""The version, told to the console with every request."""

VERSION = "0.1.0"
