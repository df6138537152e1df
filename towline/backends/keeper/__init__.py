"""The keeper: a small process that starts runners and lets nothing of theirs outlive them.

It runs as ``python -I -S`` with the standard library alone. Nothing here may import anything of
``chalicelib`` or of ``towline`` outside this folder.
"""
