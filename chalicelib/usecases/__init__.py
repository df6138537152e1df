"""What the service does, one module per use case; ``dispatcher`` is the one way in."""
