"""Requests and answers: models, bearer tokens, errors in words."""
