"""Every bound of the system: name with unit, value, reason.

A number that is not here is not a bound. ``tests/test_house.py`` checks that each has a reason.
"""

from typing import Final

# --- commands and events -------------------------------------------------------------------------
COMMAND_BYTES_MAX: Final = 60_000  # CMD takes 64 kB messages; headers need the rest.
COMMIT_BYTES_MAX: Final = 250_000  # EVT takes 256 kB messages; headers need the rest.
COMMAND_DEADLINE_S: Final = 10.0  # A wish older than this no longer matches what its author sees.
COMMAND_ATTEMPT_S: Final = 2.0  # Unanswered this long, a command is sent again with the same id.
COMMAND_MEMORY_PER_ACTOR: Final = 64  # Answers repeated to retries; a client has at most 32 in flight.
COMMAND_MEMORY_ACTORS: Final = 2_000  # As many as participants; the oldest actor is forgotten first.
SNAPSHOT_EVERY_COMMITS: Final = 200  # Catch-up of 200 commits reads in about 10 ms (bus-facts §5).
SNAPSHOT_INLINE_BYTES_MAX: Final = 256_000  # Larger snapshots go to S3; KV then holds pointer and hash.
ROOMS_CACHED_MAX: Final = 5_000  # Folded states kept by one rooms process; the idlest goes first.
DEDUP_WINDOW_S: Final = 120  # JetStream's own duplicate window on CMD and EVT.

# --- rooms and people ----------------------------------------------------------------------------
NAME_CHARS_MAX: Final = 80  # Fits a tile's name tag and any list.
TITLE_CHARS_MAX: Final = 200  # One line of a time table.
PARTICIPANTS_MAX: Final = 2_000  # One aggregate's roster stays below the snapshot's inline size.
SCHEDULED_SESSIONS_MAX: Final = 100  # A school year of lessons in one room.
SESSION_HOURS_MAX: Final = 12  # Nobody teaches longer; a forgotten class ends by itself.
DISCONNECT_GRACE_S: Final = 30.0  # A train tunnel; longer absence is leaving.
EMPTY_SESSION_END_S: Final = 900.0  # A class that everybody left ends after a quarter of an hour.
HANDS_MAX: Final = 500  # A queue nobody could work through anyway.

# --- chat ----------------------------------------------------------------------------------------
MESSAGE_CHARS_MAX: Final = 2_000  # A long paragraph; larger texts are files.
CHAT_RECENT_MAX: Final = 50  # Kept in the aggregate for those who join; older ones from the read model.

# --- media ---------------------------------------------------------------------------------------
TRACKS_PER_PARTICIPANT_MAX: Final = 4  # Microphone, camera, screen and the screen's sound.
TRANSPORTS_PER_PARTICIPANT_MAX: Final = 4  # Send and receive, and again while moving between networks.
CONSUMERS_PER_TRANSPORT_MAX: Final = 200  # 50 tiles with sound and screen, and room for a rebuild.
SIMULCAST_LAYERS_MAX: Final = 3  # What browsers encode.
RTP_PACKET_BYTES_MAX: Final = 1_500  # One Ethernet frame.
RETRANSMIT_CACHE_PACKETS: Final = 600  # One second of a 5 Mbit/s layer; older repairs come too late.
KEY_FRAME_REQUEST_INTERVAL_S: Final = 1.0  # Per layer; a storm of viewers costs the sender one key frame.
FOLLOW_WAIT_S: Final = 2.0  # How long a node waits until it has followed to the seq a request names.
NODE_BEAT_S: Final = 1.0  # Registration refresh of a media node.
NODE_LOST_S: Final = 3.0  # TTL of that registration: a lost node is noticed within 3 s (design §6).
REC_BATCH_BYTES: Final = 20_000  # Batching is ten times cheaper per MB than single packets (bus-facts §6).
REC_BATCH_S: Final = 0.2  # A dying node loses at most this much of a recording.

# --- browser connection --------------------------------------------------------------------------
FRAME_BYTES_MAX: Final = 65_536  # No client message comes near; larger ones are an attack.
CONNECTION_COMMANDS_IN_FLIGHT_MAX: Final = 32  # Far above human speed; stays below COMMAND_MEMORY_PER_ACTOR.
CONNECTION_MEDIA_IN_FLIGHT_MAX: Final = 64  # A 25-tile wall consumes about 50 tracks at once.
CONNECTION_MESSAGES_PER_S_MAX: Final = 100  # Token bucket refill; burst is three times this.
ANSWERS_QUEUED_MAX: Final = 256  # Answers and media control; beyond it the client is not reading.
EVENTS_QUEUED_MAX: Final = 2_000  # Ten seconds of a very busy class; then the client resumes from its seq.
SIGNALS_QUEUED_MAX: Final = 64  # Ephemera; the oldest are dropped first.
WRITE_BUFFER_DROP_BYTES: Final = 262_144  # Above this, ephemera are not written (limits-facts §3).
WRITE_BUFFER_CLOSE_BYTES: Final = 1_048_576  # Above this, the socket is closed and the client resumes.
RESUME_EVENTS_MAX: Final = 1_000  # A longer tail than this costs more than a fresh view.
CONNECTIONS_PER_EDGE_MAX: Final = 2_500  # 35 ms per broadcast pass (limits-facts §3).
HELLO_TIMEOUT_S: Final = 10.0  # A socket that says nothing is not a browser of ours.
HEARTBEAT_S: Final = 5.0  # The client calls the line dead after three missed beats.
EDGE_BEAT_S: Final = 2.0  # Refresh of the edge lease.
EDGE_LEASE_S: Final = 6.0  # Its TTL: presence of a dead edge is closed after this at the latest.
PROCESS_BEAT_S: Final = 1.0  # Refresh of a partition lease.
PARTITION_LEASE_S: Final = 3.0  # Its TTL; covers a hung host, where nobody says "no responders".
LIVENESS_PROBE_S: Final = 0.2  # Probe of a lease holder: takeover in 0.4 to 0.5 s (bus-facts §3).

# --- identity ------------------------------------------------------------------------------------
PASSWORD_CHARS_MIN: Final = 10  # NIST SP 800-63B asks for 8; ours guard children's classes.
PASSWORD_CHARS_MAX: Final = 200  # Bounds the cost of argon2id.
ACCESS_TOKEN_S: Final = 600  # Ten minutes: a revoked person is out soon.
REFRESH_TOKEN_S: Final = 30 * 86_400  # A month without typing the password.
REFRESH_GRACE_S: Final = 10  # Two tabs refresh at once; the second is not a thief.
SIGN_IN_LINK_S: Final = 86_400  # One-time sign-in links of the demo.
LOGIN_ATTEMPTS_PER_MINUTE: Final = 10  # Per address and e-mail.
SIGNED_URL_S: Final = 300  # Recordings: at most five minutes (reliability S16).

# --- artifacts -----------------------------------------------------------------------------------
JOB_ATTEMPTS_MAX: Final = 6  # With the backoff below about 20 minutes of trouble are ridden out.
JOB_BACKOFF_S: Final = (5, 15, 60, 300, 600)  # Grows past a restart, a deploy, a short outage.
JOB_ACK_S: Final = 30  # A worker that is silent this long has died.
CAPTURE_END_WAIT_S: Final = 5.0  # How long capture waits for a track's last batch.
COMPOSED_WIDTH_PX: Final = 1280  # 720p: what a laptop shows in a tile layout.
COMPOSED_HEIGHT_PX: Final = 720  # 16:9 of the width, and even for 4:2:0 video.
COMPOSED_RATE_FPS: Final = 25  # Divides a second evenly; enough for faces and slides.
