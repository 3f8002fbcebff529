"""The REST API, one module per resource. Each exports ``ROUTES``; ``edge.app`` puts them together.

Handlers are thin: they read the request, ask the read models (``projectors.reads``), the folded log
(``rooms.follower``) or the identity tables, or submit a command, and shape the answer. What may be done
is decided by ``rooms``; here is only checked who asks. Bodies and answers are frozen structs, and so the
OpenAPI document is complete.
"""
