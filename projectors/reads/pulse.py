"""The pulse of a class, per slide: what the edge asks."""
