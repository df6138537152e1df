"""Runs scripts whose end is known through the real service and compares what it says of them."""
