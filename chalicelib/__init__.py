"""The service: what Lambda runs. Nothing in here knows Docker, moto or the command line."""
