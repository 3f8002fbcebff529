"""Projectors: the read models, tables in Postgres that remember what the log says.

``runner`` follows the whole log and applies it; the models (``rooms``, ``roster``, ``chat`` ... all are
named in ``database``) are each a pure function from a fact to the rows it writes, with its SQL in
``sql/<model>.sql``; ``acts`` says what people do that is counted; ``reads`` holds the queries that the
edge serves; ``rebuild`` makes all tables again from the first commit and compares. Start with ``model``,
then ``roster`` (attendance).

Invariants: rows and checkpoint are written in one transaction, under a lock on the checkpoint's row,
so that no commit is applied twice, by nobody, whatever is killed when. A model reads no table but its
own. The tables hold nothing that the log does not: when their definition changes they are dropped and
made again, which is why there are no migrations of data here.

Deliberately absent: rules (``rooms`` decided already), writes by anybody else, and a clock: every time
in a row comes from a commit.
"""
