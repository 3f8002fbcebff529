"""The one service that decides: it owns partitions of the command stream and writes EVT.

``run`` puts it together. ``ownership`` shares the sixteen partitions among the processes that are
there; each owned one is a ``Partition``: commands come in order, each room has its own lane, rooms go
side by side. A ``Desk`` carries out one room's commands; a ``Steward`` looks after the rooms of a
partition that are not at rest (deadlines, dead edges, dead nodes, placement) by sending them commands;
``care`` writes what must outlive the process. ``neighbours`` knows which edges and nodes are there,
``control`` is the operator's door.

Deliberately absent: rules. Everything that can be decided without a clock or a network is one floor
below.

Invariants:

- A command is acknowledged to CMD only after its commit is on the log, its author is answered, and
  what ``care`` must write is written. A death in between repeats it, and the repeat finds the answer
  in the room's memory.
- A room's commands are carried out one after the other, in the order of CMD.
- After an append that failed, the room is read again before anything else is decided about it. After
  a conflict the lease is confirmed first: a deposed owner stops.
"""
