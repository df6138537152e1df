"""What starts containers on this machine: ``docker``, and ``process`` without any isolation."""
