"""Towline's command line and local mode. Nothing of it is ever shipped to Lambda."""

__version__ = "0.1.0"
