"""Puts Towline into an AWS account and takes it out again: ``towline deploy``, ``towline destroy``.

The one folder outside ``chalicelib/aws`` with boto3 in it.
"""
