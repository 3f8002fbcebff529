"""The edge: browsers come in here. It brings wishes to the log and shows everybody what the log says.

Start with ``process`` (one edge process, put together and stopped in order), then follow a browser:

- ``app`` and ``http/``: the REST API under ``/api/v1``, ``/media/``, health, the built page.
- ``contract``, ``openapi``, ``examples``: what the API promises, and its description made of the routes.
  ``idempotency``, ``conditions``, ``cursors``, ``rates``, ``traces``: what all routes have in common.
- ``auth``, ``tokens``, ``site``: cookies, CSRF, Origin, signed values. ``identity``, ``logins``,
  ``guests``, ``sql/``: who may sign in; PostgreSQL schema ``identity``.
- ``passwords``, ``letters``, ``mail``: what people choose and what reaches them. ``oidc``, ``outward``: the
  school's own sign-in. ``api_keys``: machines. ``keys``: signing keys. ``attempts``: guessing is slow.
  ``SECURITY.md``: all of it held against ASVS 5.
- ``connection``: one socket, from ``hello`` to its end. ``viewer``: the same as the hub sees it.
- ``open_room``: one room, followed once and shown to all its viewers; ``fanout``: who may see what,
  encoded once per kind of receiver; ``hub``: all open rooms of the process.
- ``outbox``, ``wires``, ``server``: three queues, and shared bytes straight into the transport.
- ``one_class``: who enters a class has claimed it: one active class per person. ``ring``: what is kept for
  pages that come back.
- ``presence``: the lease by which the log believes that our people are here. ``media``: requests to the
  node on which a class runs. ``web/``: the browser client.

::

    browser ──frames──► connection ──commands──► bus ──► rooms
                            ▲                              │
    browser ◄──frames── outbox ◄── open_room ◄── commits ──┘

Deliberately absent: any rule of a class (``rooms`` decides; here is only checked who asks), any state of
a room that is not folded from the log, any media packet, any write outside the schema ``identity``, any
session store: another edge serves the next request just as well.

Invariants

- Who asks is stamped here from a verified login and never taken from what a client sends.
- A client's spans are contiguous: ``(after, through]`` begins where the last one ended, or a view
  replaces everything; a view never goes back in ``seq``.
- Nothing is shown as done that is not on the log.
- Who is neither in the class nor staff stands at the door, and no byte of what is inside is sent there.
- Nobody joins but under a claim that names the room, and none changes rooms before the old one let go.
- Every queue of a socket is bounded; a slow reader costs itself its socket and nobody else a delay.
- No token or signed address is ever in a query string, a log line, or the bus.
- An edge that cannot renew its lease has sent its people away before the lease runs out.

Who closes whom: the process closes its sockets, then tells the log, then gives back its lease. The last
viewer of a room closes the room. A login that ends closes its sockets, on every edge.
"""
