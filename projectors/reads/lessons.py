"""The time table and settings of rooms: what the edge asks."""
