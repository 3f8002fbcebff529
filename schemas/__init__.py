"""The language of the log: identifiers, commands, events, rejections, signalling, subjects, limits.

Start with ``events`` (what can happen), then ``commands`` (what can be wished), then ``envelope``
(how both travel). ``view`` and ``frames`` are what a browser sees; ``rtp`` and ``signalling`` are the
media plane's words, exactly ORTC's.

Deliberately absent: any behaviour of a class (``rooms``), any clock, random number, socket or driver.
Invariants: names and meanings of stored events never change; every value that comes from the network
has a bound in its type; no subject is formatted outside ``subjects``.
"""
