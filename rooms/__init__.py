"""The rules of a class, and the one service that applies them.

Start with ``state`` (what is true in a room), then ``room`` (``decide`` and ``evolve``), then the file
of the topic (``room.TOPICS`` names them in order): each has its commands in ``schemas.commands``, its
facts in ``schemas.events``, its part of the state in ``rooms.state``. ``permissions`` is the table of
roles, ``view`` what one person sees. ``snapshot`` and ``follower`` are how everybody else comes to the
same state; ``service`` owns partitions of the command stream and is the only writer of EVT.

Deliberately absent: clocks, random numbers, tasks and drivers outside ``service`` and ``follower``.
Time is an argument, identifiers derive from the command that asks for them. No read model: what grows
for ever (all chat, all attendance) is in the projectors' tables, the state is bounded
(``schemas.limits``).

Invariants:

- The state is the fold of the log and of nothing else: ``apply`` on the same commits gives the same
  state in every process and every version that knows the events.
- A command is one commit or none. The same command again (same actor, same id) causes nothing and is
  answered as the first time; the memory for that is part of the state.
- A refusal changes nothing. Accepted without events means that what was wished is already so.
- Nobody outside a running class has a track, a raised hand or a grace time; a track belongs to a
  participant who is present and to the epoch of the present placement.
- A live class always has a next deadline, so it always ends.
- What follows from a commit (placement, jobs, wake-ups, snapshots) is derived from the state and not
  from the moment, so whoever takes over a partition can do what the dead owner left undone.
"""
