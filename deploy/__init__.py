"""Sets Classwire up, starts it, keeps it running and says what is wrong with the machine.

Where to start reading: ``local.py``, the embedded stack from the first lock to the last line that a
person sees. It puts together

- ``services.py``: NATS, Postgres and S3 from their pip packages: data, ports, command, readiness. The
  tests start them by the same lines (``tests/stack.py``);
- ``roles.py``, ``https.py``: the five roles, and caddy before the edge when others on the network join;
- ``child.py``, ``supervisor.py``: processes that are restarted, stopped in order, and never orphaned;
- ``ground.py``, ``options.py``: the directory that all stands on, its secrets and ports, and the four
  variables that a person may set;
- ``provision.py``, ``demo.py``: what must exist before the roles start, and a school to try;
- ``cli.py`` with ``doctor.py``, ``rebuild.py`` and ``room.py``: the ``classwire`` command.

Before any of this can be imported, ``setup.py`` turns a clone into an environment with nothing but
Python's standard library; ``suite.py`` runs the tests, ``fresh.py`` proves both in a clean Debian.
``Dockerfile`` and ``compose.yaml`` run the same roles as containers.

What is deliberately absent: rules of the class, wire formats, knowledge of what a role does inside. A
role is a name, an environment, and an address that says when it is ready. There is no second way to run:
in production the same roles read the same variables and only addresses differ.

Invariants:

- One supervisor per directory (a lock says so), one owner of the directory.
- Every inner server listens on loopback and asks for a password of its own; SeaweedFS's inner ports do
  not, which is one more reason to keep them there. Only the edge's port (or caddy's) and, when
  ``CLASSWIRE_HOST`` asks for it, the media port are open to others.
- No child outlives the supervisor, however that ends: ordered stop, SIGKILL of the process group of each
  child, and the kernel's parent-death signal for the case that nobody is left to do it.
- Acknowledged data survives every child's crash: NATS syncs always, Postgres and SeaweedFS were seen to
  keep what they acknowledged.
- What a person can mend is one sentence with the mend and status 1; a traceback means that we are wrong.
"""
