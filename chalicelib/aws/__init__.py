"""Adapters over AWS: the only place with boto3, and none of it is imported until it is used."""
