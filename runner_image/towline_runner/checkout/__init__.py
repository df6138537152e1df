"""The checkout: a program of its own, which the runner starts as the job's user before the script.

It is a process beside the runner so that nothing that git reads or runs shares memory with the
lease and the job's secrets, and so that it can be ended like a script can.
"""
