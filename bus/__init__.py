"""The log: the only place that knows NATS.

Start with ``interface``: everything the roles may ask of the bus, as plain values and small protocols,
and its errors. Two implementations pass one suite of tests: ``nats`` (a process's connection, put together
from the files below) and ``memory`` (a hub from which tests open several processes). The twin replaces
the client library and the server alone (``memory_jetstream``, ``memory_streams``); every file below runs
on both.

The way down, on NATS::

    nats         connect(): one process's bus          setup   streams, buckets, durables as data
    core         publish, request, subscribe, serve    users   who may publish and read what, as data
    log          append, read         follow           tail, then live, repaired by reading
    commands     submit, take         pull             epochs of deliveries from a durable
    kv           buckets with TTL     ordered          a stream from the start, for watches
    jobs         work, dead letters   records, audit   REC and AUDIT
    publisher    store one message    direct, api      direct get; the JetStream API
    connection   the barrier, refusals, losses         background  a task that lives as long as a block
    archive      objects in S3, beside the log         logfile a room's log as one file
    putaway      logs that were moved there

``leases`` is written on ``interface`` alone and serves both. ``health`` is every role's ``/healthz``,
``/readyz`` and ``/metrics``; ``metrics`` is what the bus counts.

Deliberately absent: any rule of a class (``rooms``), any subject's spelling (``schemas.subjects``), a
queue without a bound, nats-py's own JetStream client (its defects are listed in ``publisher``, ``kv`` and
``connection``, each beside the code that does better).

Invariants:

- Nobody subscribes to ``class.``: what is shown was stored first.
- An append names the position it builds on; who is not the last loses with ``Conflict``.
- No answer means *unknown*, never *failed*: ``Unavailable`` is answered by asking again, idempotently.
- Per room, commands are taken in the order in which they were stored, whoever takes them.
- A message of EVT is removed only when it is in a verified file of the archive, and never a room's last;
  who reads from the first commit reads both as one log.
- Losing NATS is waited out. Only a refusal for good (credentials) ends a process.
"""
