"""What MiniStack, the AWS emulator, does not do and a deployed Towline needs: docs/emulator.md.

Run by MiniStack's own interpreter: ``python -m tests.deployed.bridge`` serves MiniStack with these
bridges in place. Nothing of MiniStack is copied; what is replaced is named in the module that does
it, and another version than the pinned one is refused, as its insides may differ.
"""
