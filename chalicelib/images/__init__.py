"""Asks image registries whether an image is there and what it runs on. Standard library only."""
