"""The runner: the agent inside a job's container (docs/protocol.md). Standard library only.

It starts in front of every job, so every job pays for its start. Its modules therefore use the
interpreter's built-in C modules (``_socket``, ``_signal``, ``_thread``, ``_queue``, ``_json``):
``socket``, ``signal``, ``threading`` and ``json`` take 12 ms more between them, twice what an empty
interpreter takes. ``typing`` takes 8 ms, so what only the type checker needs stands below
``TYPE_CHECKING = False``. What the claim does not need is imported while the service answers.
"""

VERSION = "0.1.0"
PROTOCOL = 1
