"""Media: what one browser sends is forwarded to the others, exactly as far as the log allows.

Start with ``interface`` (the boundary between control and packets), then ``router`` (one room's
media, obeying the log), then ``service`` (what a browser may ask).

Control, above the boundary::

    service    requests of browsers in, answers out
    node       all rooms of this process; registration; events of the packet path
    following  a router and the log it follows: commits in, publish_track and close_track out
    router     transports, producers and consumers of one room; obeys the state
    transport, producer, consumer   mediasoup's nouns, with mediasoup's ownership
    ortc       pure negotiation: parameters in, configurations out
    dtls       the handshake; the one module that touches private members of aiortc
    tap        the recording: batches of packets to the bus
    speaker, tiles    pure: who is the active speaker; which layer a tile is worth
    signals, stats, metrics    what is told to browsers and to operators
    quality    how good each person's line was, summed up when they have left

Packets, below it: ``forwarder`` opens the path; ``path``, ``ice``, ``stun``, ``srtp``, ``rtp``, ``rtcp``
and their neighbours are its parts. Control never sees a packet but in the tap, and the packet path
never sees a room.

Deliberately absent: SDP (both sides speak ORTC), a permission table (``rooms`` decides who may
publish), a database, and any memory: a node that restarts is another node, and the log places its
rooms again.

Invariants
    A producer flows only while the followed state has its track, open, on this node.
    What the packet path holds belongs to one router; closing leaves nothing behind.
    No text of one browser reaches another one, except codec parameters of a known form.
    A participant can name only its own transports and consumers.

Who closes whom, and what is emitted
    ================================  ==============================  ===================================
    what happens                      what closes with it             what is emitted
    ================================  ==============================  ===================================
    consumer: ``close_consumers``     nothing                         nothing; its viewer asked
    producer: ``track.closed``        its consumers                   nothing; the log has said it
    producer: publish refused         nothing; it has no consumers    the refusal, as the answer
    producer: replaced by a newer     its consumers                   ``close_track`` to the log, before the
    one of the same source                                            newer one is published
    transport: ``close_transport``    its producers, its consumers,   ``close_track`` to the log for each
                                      consumers of its producers      track that the log still has
    transport: consent lost, DTLS     the same                        the same, and ``transport_closed``
    ended or failed                                                   to its browser
    transport: replaced by ``open``   the same                        ``close_track``; older connections
    of a newer connection                                             are not told, they are gone
    participant: ``roster.left``      its transports                  nothing; the log closed its tracks
    router: class ended, moved, node  all its transports; its         nothing; recordings get their last
    lost, or a new epoch              recording ends                  batch
    node: SIGTERM                     all routers                     registration with ``draining``, then
                                                                      its removal; the log moves the rooms
    ================================  ==============================  ===================================

    Each closes its parts before itself, takes itself out of its owners' tables, and may be closed twice.
"""
