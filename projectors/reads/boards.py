"""Whiteboards, page by page: what the edge asks."""
