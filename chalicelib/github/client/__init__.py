"""Asks GitHub's REST API and tells it of builds. Time, transport and sleep are arguments.

What is GitHub's own way comes from ``gidgethub.sansio`` (headers, address templates, what an answer
means); the App's tokens are signed by PyJWT. ``docs/decisions/0010-github-client.md``.
"""
