"""Talks to a Towline service over HTTP: the embedded one, one of ``towline up``, a deployed one."""
