"""The audit trail: who changed what about whom, before and after: what the edge asks."""
