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
COMMAND_MEMORY_TOTAL: Final = 3_000  # 30 s at 100 commands/s, three deadlines long; 54 kB of a snapshot.
COMMANDS_IN_WORK_MAX: Final = 256  # Taken and not yet acknowledged, per partition; JetStream keeps the rest.
ROOM_WISH_RETRY_S: Final = 1.0  # What a room is asked to do by its keeper and did not, is asked again.
ROOM_LOADS_AT_ONCE_MAX: Final = 8  # At a takeover: enough to load 1,000 rooms in a second, not a storm.
ROOM_SETTLE_S: Final = 3.0  # After an outage of the bus others get this long to register again.
SNAPSHOT_IDLE_S: Final = 30.0  # A room that was busy and is silent this long is saved.
PARTNERS_SETTLE_S: Final = 3.0  # Longer than a dead process's announcement lives: no share for the dead.
PARTITION_REST_S: Final = 4.0  # A partition given away waits this long for its heir; others keep off.
COMMAND_RETRY_S: Final = 0.25  # Pause between attempts to write a log that does not answer.
SNAPSHOT_EVERY_COMMITS: Final = 200  # Catch-up of 200 commits reads in about 10 ms (bus-facts §5).
SNAPSHOT_INLINE_BYTES_MAX: Final = 256_000  # Larger snapshots go to S3; KV then holds pointer and hash.
SNAPSHOT_BYTES_MAX: Final = 8_000_000  # In S3: thirty times the largest room seen; more is none of ours.
ROOMS_CACHED_MAX: Final = 5_000  # Folded states kept by one rooms process; the idlest goes first.
DEDUP_WINDOW_S: Final = 120  # JetStream's own duplicate window on CMD and EVT.

# --- rooms and people ----------------------------------------------------------------------------
NAME_CHARS_MAX: Final = 80  # Fits a tile's name tag and any list.
TITLE_CHARS_MAX: Final = 200  # One line of a time table.
PARTICIPANTS_MAX: Final = 2_000  # One aggregate's roster stays below the snapshot's inline size.
SCHEDULED_SESSIONS_MAX: Final = 100  # A school year of lessons in one room.
SERIES_SESSIONS_MAX: Final = 60  # A year of weeks, with room for a second lesson now and then.
EXTENSION_MINUTES_MAX: Final = (
    180  # Who needs more asks again; a class lasts twice SESSION_HOURS_MAX at most.
)
ENDING_WARNING_S: Final = 600.0  # Time to come to a conclusion, and to say good-bye.
ENDING_NOTICE_S: Final = 60.0  # Nobody is sent home with less notice, however late the end was decided.
LOBBY_WAITING_MAX: Final = 250  # Letting all of them in still fits COMMIT_BYTES_MAX, whatever their names.
LOBBY_DENIED_MAX: Final = 200  # Kept out of one class; of more, the first may knock again.
KNOCKS_LISTED_MAX: Final = 1_000  # Rows of one class in one answer; a door holds a quarter of that at once.
TIMETABLE_LESSONS_MAX: Final = 500  # Rows of one answer: a week of a large school; ask for less time then.
LOBBY_MESSAGE_CHARS_MAX: Final = 200  # A sentence or two, read while waiting.
SESSION_HOURS_MAX: Final = 12  # Nobody teaches longer; a forgotten class ends by itself.
DISCONNECT_GRACE_S: Final = 30.0  # A train tunnel; longer absence is leaving.
EMPTY_SESSION_END_S: Final = 900.0  # A class that everybody left ends after a quarter of an hour.
HANDS_MAX: Final = 500  # A queue nobody could work through anyway.
MEMBERS_MAX: Final = 500  # Lasting roles are for staff and the odd exception, not for a whole school.
DEPARTURES_PER_COMMIT_MAX: Final = 800  # With every track and hand still below COMMIT_BYTES_MAX.
CUSTOM_ROLES_MAX: Final = 20  # Nobody remembers more kinds of people; keeps the policy command small.
CUSTOM_ROLE_NAME_CHARS_MAX: Final = 40  # A word or two beside a name.
POLICY_CACHE_S: Final = 5  # A school decides rarely; a room may learn it this much later.
RIGHTS_PEOPLE_MAX: Final = 200  # People with rights of their own; for more there are roles and locks.

# --- floor ---------------------------------------------------------------------------------------
SPEAKING_MAX: Final = 10  # With the floor at once: more voices are a lock that should be lifted.
FLOOR_S_MAX: Final = 3_600  # A turn by the clock; a whole lesson's talk is given without one.
SPOTLIGHT_MAX: Final = 4  # A pair of debaters and their seconds; more is a gallery.
REACTION_INTERVAL_S: Final = 2.0  # Per person: a class of 200 that applauds makes 100 events a second.
UNMUTE_ASKED_AGAIN_S: Final = 10.0  # Time to find the button before the page asks once more.

# --- breakouts -----------------------------------------------------------------------------------
BREAKOUTS_MAX: Final = 50  # Groups of a large lecture; their wall of tiles still fits a screen.
BREAKOUT_NAME_CHARS_MAX: Final = 40  # The heading of a tile.
BREAKOUT_MEMBERS_MAX: Final = 300  # In one group; all that a child room is told at once fits a command.
BREAKOUT_MINUTES_MAX: Final = 720  # As long as a class.
BREAKOUT_COUNTDOWN_S_MAX: Final = 600  # Longer than ten minutes is a time limit, not a countdown.
BREAKOUT_TEXT_CHARS_MAX: Final = 500  # A sentence or two for all groups.
BREAKOUT_TEXTS_KEPT_MAX: Final = 3  # For a child room that is slow to hear; older ones are on the log.
BREAKOUT_CARRY_MAX: Final = 10  # Files and decks for one hour of work in groups.
BREAKOUT_VISITORS_MAX: Final = 20  # Staff who visit groups at once.
BREAKOUT_STAFF_MAX: Final = 50  # Of the parent, told to each child room; the first who came.
BREAKOUT_SEED_CHARS_MAX: Final = 40  # A word by which the same drawing can be made again.
BREAKOUTS_CLOSING_MAX: Final = 100  # Child rooms that were not reached yet: two openings' worth.
BREAKOUT_REPORT_S: Final = 2.0  # A child tells its parent of changes at most this often: 25 commits/s of 50.

# --- chat ----------------------------------------------------------------------------------------
MESSAGE_CHARS_MAX: Final = 2_000  # A long paragraph; larger texts are files.
SLOW_MODE_S_MAX: Final = 600  # Slower than one message in ten minutes is no chat.
CHAT_RECENT_MAX: Final = 50  # Kept in the aggregate for those who join; older ones from the read model.
CHAT_ASIDES_PER_THREAD_MAX: Final = 20  # Kept of one person's lines to staff, or of two people's own.
CHAT_ASIDES_MAX: Final = 100  # Kept of all such threads together: with CHAT_RECENT_MAX a small snapshot.
CHAT_HELD_MAX: Final = 50  # Waiting for staff; a longer queue means that nobody reads it.
CHAT_HELD_PER_PERSON_MAX: Final = 5  # So that one person cannot fill that queue.
CHAT_PINNED_MAX: Final = 5  # What is pinned is read; a wall of pins is not.
MESSAGE_REACTIONS_MAX: Final = 50  # People named at one message; more say nothing new.

# --- questions -----------------------------------------------------------------------------------
QUESTION_CHARS_MAX: Final = 500  # A question that can be read out; longer ones are for the chat.
ANSWER_CHARS_MAX: Final = 1_000  # A short text with a link; longer answers are spoken or files.
QUESTIONS_OPEN_MAX: Final = 100  # More than a class ever answers; with 2,000 votes each 25 kB of a snapshot.
QUESTIONS_OPEN_PER_PERSON_MAX: Final = 5  # One person cannot fill the list.
QUESTIONS_ANSWERED_MAX: Final = 20  # Kept in the aggregate to look back at; all are in the read model.
QUESTIONS_DISMISSED_MAX: Final = 20  # Kept to be reopened after a slip of the hand.

# --- files ---------------------------------------------------------------------------------------
FILE_NAME_CHARS_MAX: Final = 120  # Fits a list, and with three bytes a character every file system.
FILE_BYTES_MAX: Final = 104_857_600  # 100 MiB: a deck full of pictures, a short clip; films are recordings.
LIBRARY_FILES_MAX: Final = 200  # A school year's handouts; as many rows as a view shows, 40 kB of a snapshot.
LIBRARY_BYTES_MAX: Final = 2_147_483_648  # 2 GiB per room: 20 of the largest files, a thousand handouts.
UPLOAD_S: Final = 3_600.0  # From asking for an upload to its last byte; 100 MiB at 230 kbit/s.
UPLOAD_SILENT_S: Final = 30.0  # A body that stands still this long holds its place for nothing.
UPLOADS_AT_ONCE_MAX: Final = 8  # Per edge: 800 MiB of scratch space, and scanners are slow.
FILE_SNIFFED_BYTES: Final = 8_192  # Where every type that we take shows what it is.
SCAN_S: Final = 120.0  # 100 MiB through clamd take some ten seconds on a busy machine.
FILE_FORGET_S: Final = 60.0  # Bytes of a file that was removed are gone within about this time.
FILE_FORGET_LAG_S: Final = 600.0  # How far a read model may lag and its removals are still found.
FILE_FORGET_START_S: Final = 86_400.0  # An edge that starts looks back a day: all of them may have been down.
FILE_ORPHAN_S: Final = 7_200.0  # An object that no log knows after twice the time of an upload is nobody's.
IMAGE_PIXELS_MAX: Final = 50_000_000  # 8K is 33 million; a browser holds four bytes for each.
ARCHIVE_ENTRIES_MAX: Final = 10_000  # An Office document with a thousand pictures has some 3,000 parts.
ARCHIVE_BYTES_MAX: Final = 536_870_912  # 512 MiB unpacked: five times the largest file; bombs have thousands.
RESUMABLE_S: Final = 86_400.0  # A file in pieces may take a day: begun at school, finished at home.
RESUMABLE_PER_PERSON_MAX: Final = 4  # In pieces at once; a page sends one after another.
RESUMABLE_PER_TENANT_MAX: Final = 500  # A school of 1,000 in which every second person was cut off.
RESUMABLE_BYTES_PER_TENANT_MAX: Final = 21_474_836_480  # 20 GiB announced and unfinished: 200 largest files.
RESUMABLE_PIECES_MAX: Final = 256  # 100 MiB are 13; a line that breaks every 400 KiB still gets through.
RESUMABLE_SWEPT_MAX: Final = 500  # Ended per turn of the sweeper: a tenant's worth; the rest a minute later.
UPLOAD_METADATA_CHARS_MAX: Final = 4_096  # A name of 1,000 characters in Base64, and two short keys.

# --- polls and pulse -----------------------------------------------------------------------------
POLLS_KEPT_MAX: Final = 20  # In a room: a lesson's polls and those prepared; older ones are read models.
POLLS_OPEN_MAX: Final = 2  # At once: nobody answers three; bounds the sheets that a room holds.
POLL_ITEMS_MAX: Final = 20  # Questions of a quiz that is answered in one go.
POLL_OPTIONS_MAX: Final = 12  # Options, or steps of a scale (0 to 10 has eleven); more is a list.
POLL_QUESTION_CHARS_MAX: Final = 300  # Two lines on a slide.
POLL_OPTION_CHARS_MAX: Final = 150  # One line on a telephone, twice.
POLL_CHARS_MAX: Final = 6_000  # All words of a poll: all polls of a room stay far below a snapshot's size.
POLL_TEXT_CHARS_MAX: Final = 200  # A short answer; longer ones are homework.
POLL_TEXTS_KEPT_MAX: Final = 30  # Latest texts shown live, per poll; all of them are in the read model.
POLL_POINTS_MAX: Final = 100  # Per question.
POLL_S_MIN: Final = 5  # Shorter, and the slow lines never see the question.
POLL_S_MAX: Final = 3_600  # A written test of a whole lesson.
POLL_SHEETS_MAX: Final = 2_000  # Per poll: as many as participants.
POLL_SHEETS_CLOSED_MAX: Final = 2_000  # Of all closed polls of the class; the read model keeps the rest.
PULSE_INTERVAL_S: Final = 2.0  # Between two signals of one person: a nervous finger is no news.
PULSE_EXPIRES_S: Final = 180.0  # "Lost" three minutes ago says little about now.
PULSE_FADE_STEP_S: Final = 10.0  # Old signals fade together this often: at most six commits a minute.
PULSE_BUCKET_S: Final = 10  # One point of the curve.
ENGAGEMENT_STEP_S: Final = 300  # Five minutes: long enough to do something, short enough to see a lull.
PULSE_SLIDE_CHARS_MAX: Final = 80  # A deck's id and a page.
SECRET_BYTES: Final = 32  # HMAC-SHA-256 takes as many; nobody tries them all.

# --- stage ---------------------------------------------------------------------------------------
SCENES_MAX: Final = 50  # More cannot be told apart in a list.
SCENE_SOURCES_MAX: Final = 50  # A wall of tiles; more are not seen.
DECKS_MAX: Final = 30  # A course's slides; old ones are removed.
DECK_PAGES_MAX: Final = 500  # Longer documents are files to read, not slides to show.
URL_CHARS_MAX: Final = 2_000  # What browsers and QR codes take.
TIMER_S_MAX: Final = 43_200  # As long as a class can be (SESSION_HOURS_MAX).
TIMER_LABEL_CHARS_MAX: Final = 80  # A line above the clock.

# --- notes ---------------------------------------------------------------------------------------
NOTES_CHARS_MAX: Final = 40_000  # Thirteen printed pages: a lesson's notes; they travel in every view.
NOTES_PARAGRAPHS_MAX: Final = 500  # Of eighty characters each, as many as NOTES_CHARS_MAX holds.
NOTES_DELETED_MAX: Final = 200  # Remembered deletions: far more than can still be on their way.
NOTES_PARAGRAPHS_PER_COMMAND_MAX: Final = 50  # A pasted page; a longer text comes in parts.
NOTES_ORDER_CHARS_MAX: Final = 100  # Keys between keys grow by a character per fifty insertions.

# --- boards --------------------------------------------------------------------------------------
BOARDS_MAX: Final = 50  # A school year of lessons in one room, one board each.
BOARD_PAGES_MAX: Final = 100  # Per board; beyond that one begins another.
BOARD_PAGES_ROOM_MAX: Final = 500  # Pages of boards and drawn-on slides: 40 kB of view and state.
BOARD_PEOPLE_MAX: Final = 100  # Named as those who may draw; for more there is "everyone".
ELEMENTS_PER_DRAW_MAX: Final = 100  # A tenth of a second of one author, or a pasted drawing's part.
ELEMENT_BYTES_MAX: Final = 40_000  # A stroke of a thousand points; fits COMMAND_BYTES_MAX with its command.
ELEMENT_DEPTH_MAX: Final = 32  # Nested brackets; Excalidraw's deepest is 5, a JSON reader's limit is higher.
PAGE_ELEMENTS_MAX: Final = 1_500  # Handwriting fills a page with a few hundred strokes.
PAGE_BYTES_MAX: Final = 1_500_000  # What opening a page reads: a second on a slow line, compressed.
BOARD_BYTES_MAX: Final = 15_000_000  # Ten full pages, or a hundred usual ones.
PAGE_MARKS_MAX: Final = 2_000  # Versions remembered per page: all that are there, and 500 deletions.
BOARD_MARKS_MAX: Final = 4_000  # In a room, of the pages in use: 110 kB of a compressed snapshot.

# --- media ---------------------------------------------------------------------------------------
TRACKS_PER_PARTICIPANT_MAX: Final = 4  # Microphone, camera, screen and the screen's sound.
TRACKS_MAX: Final = 500  # In one class: beyond what a node forwards; their closing fits one commit.
TRANSPORTS_PER_PARTICIPANT_MAX: Final = 4  # Send and receive, and again while moving between networks.
CONSUMERS_PER_TRANSPORT_MAX: Final = 200  # 50 tiles with sound and screen, and room for a rebuild.
SIMULCAST_LAYERS_MAX: Final = 3  # What browsers encode.
RTP_PACKET_BYTES_MAX: Final = 1_500  # One Ethernet frame.
RETRANSMIT_CACHE_PACKETS: Final = 600  # One second of a 5 Mbit/s layer; older repairs come too late.
RETRANSMIT_CACHE_S: Final = 2.0  # Older repairs mend nobody's picture; bounds the memory of slow layers.
KEY_FRAME_REQUEST_INTERVAL_S: Final = 1.0  # Per layer; a storm of viewers costs the sender one key frame.
FOLLOW_WAIT_S: Final = 2.0  # How long a node waits until it has followed to the seq a request names.
NODE_BEAT_S: Final = 1.0  # Registration refresh of a media node.
NODE_LOST_S: Final = 3.0  # TTL of that registration: a lost node is noticed within 3 s (design §6).
NODE_SILENT_S: Final = 1.0  # Nobody listens there any more; a change of NATS server takes half of it.
ICE_CONSENT_S: Final = 15.0  # Half of the 30 s of RFC 7675, so that attendance ends near the truth.
ICE_ADDRESSES_PER_TRANSPORT_MAX: Final = 16  # Candidates of a laptop with VPN, Wi-Fi and cable, twice.
SRTP_WINDOW_PACKETS: Final = 1_024  # A late packet keeps its number; the default of 128 refuses it.
SSRCS_PER_TRANSPORT_MAX: Final = (
    256  # Four tracks of three layers with RTX are 24; a stranger's cost 0.4 kB each.
)
PACKETS_PER_TRANSPORT_PER_S_MAX: Final = 4_000  # 40 Mbit/s of video; more is a flood and drops at its sender.
MISSING_PACKETS_MAX: Final = 600  # As many as the retransmission cache of the other side can hold.
NACK_ATTEMPTS_MAX: Final = 8  # With a growing pause about 1 s of trying; later the picture has moved on.
NACK_WAIT_S: Final = 0.015  # Reordered packets arrive by themselves within this.
RETRANSMIT_SHARE_MAX: Final = 0.25  # Of a viewer's bitrate: a NACK storm may not become an amplifier.
SOCKET_BUFFER_BYTES: Final = 4_194_304  # A quarter of a second at 100 Mbit/s while the loop is busy.
FEEDBACK_INTERVAL_S: Final = 0.05  # Transport-wide feedback; Chromium's estimate starves without it.
REPORT_INTERVAL_S: Final = 1.0  # Sender and receiver reports; Chromium's own pace for video.
LEVELS_INTERVAL_S: Final = 0.2  # Faster than a person notices who speaks.
TAP_INTERVAL_S: Final = 0.1  # Twice per recording batch.
LAYER_STALL_S: Final = 0.7  # A layer this far behind its siblings has been switched off by the sender.
BITRATE_WINDOW_S: Final = 1.0  # Smooths key frames, follows a sender that turns a layer off.
ESTIMATE_START_BPS: Final = 600_000  # Shows a middle layer at once on any line that can hold a class.
ESTIMATE_MIN_BPS: Final = 50_000  # Below this only audio is left to save.
ESTIMATE_MAX_BPS: Final = 50_000_000  # A wall of 25 top layers.
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
LOGIN_UNUSED_S: Final = 7 * 86_400  # A laptop is closed over a long week-end; unused longer, one signs in.
REFRESH_GRACE_S: Final = 10  # Two tabs refresh at once; the second is not a thief.
SIGN_IN_LINK_S: Final = 86_400  # One-time sign-in links of the demo.
LOGIN_ATTEMPTS_PER_MINUTE: Final = 10  # Per address and e-mail.
SIGNED_URL_S: Final = 300  # Recordings: at most five minutes (reliability S16).
PASSWORD_CHECKS_AT_ONCE_MAX: Final = 2  # argon2id takes 64 MiB and a core for 50 ms each.
LOGIN_ADDRESSES_MAX: Final = 20_000  # Address and e-mail pairs counted at once; the oldest are forgotten.
GUEST_LINK_S: Final = 7 * 86_400  # A link is for this week's class unless said otherwise.
GUEST_LINK_S_MAX: Final = 366 * 86_400  # A school year.
PASSCODE_CHARS_MIN: Final = 6  # At LOGIN_ATTEMPTS_PER_MINUTE a million codes take 69 days to try.
PASSCODE_CHARS_MAX: Final = 40  # Told on the telephone; bounds the cost of argon2id.
GUEST_LINKS_PER_ROOM_MAX: Final = 100  # One per group of visitors, with room to spare.
IDEMPOTENCY_S: Final = 86_400  # A page that was closed over night asks no more.
IDEMPOTENCY_LOCK_S: Final = 30  # Three deadlines of a command: after that its process is dead, not slow.
IDEMPOTENCY_KEYS_PER_LOGIN_MAX: Final = 1_000  # A day of a busy teacher's clicks; the oldest go first.
IDEMPOTENCY_BODY_BYTES_MAX: Final = 65_536  # Kept of an answer; writes answer ids, not lists.
API_PER_MINUTE: Final = 600  # Per login: ten a second, for ever; a page that opens takes a dozen at once.
API_LOGINS_PER_ADDRESS: Final = 100  # Full-speed logins behind one address: a school that opens at eight.
API_LOGINS_PER_TENANT: Final = 200  # Full-speed logins of one tenant: 2,000 requests/s per process.
API_KEYS_COUNTED_MAX: Final = 20_000  # Addresses, logins or tenants counted at once, then the oldest go.
REQUEST_BYTES_MAX: Final = 65_536  # JSON bodies of the REST API; files travel otherwise.
PAGE_ROWS_MAX: Final = 100  # Rows of one page of a list.
CURSOR_CHARS_MAX: Final = 200  # A position of two ids and a time, signed, in base64.
AUDIT_SCANNED_MAX: Final = 2_000  # Facts looked through for one page; the cursor goes on from there.
COURSES_PER_TENANT_MAX: Final = 5_000  # In use at once: a university's term.
COURSE_DESCRIPTION_CHARS_MAX: Final = 2_000  # A page about what is taught; more is a file.
ENROLMENTS_PER_COURSE_MAX: Final = 2_000  # As many as one class takes.
EXACT_INTEGER_MAX: Final = 1 << 53  # The largest whole number that JavaScript keeps exact; fits a bigint.
MEDIA_REQUEST_S: Final = 8.0  # `produce` waits for its event; the browser gives up after ten.
FANOUT_TICK_S: Final = 0.02  # Events this close together share a frame (limits-facts §3).
FANOUT_TICK_MAX_S: Final = 0.15  # Three passes over 2,500 sockets take 105 ms; later is a broken promise.
CROWD_FROM: Final = 200  # More in a class are told as a number and the people to be seen (limits-facts §3).
CROWD_UNTIL: Final = 150  # Below, all are named again; between, one who comes and goes changes nothing.
CROWD_SHOWN_MAX: Final = 100  # People of a crowd in every view: four screens of tiles, 15 kB.
PEOPLE_TICK_S: Final = 1.0  # How old the number of people in a crowd may be: a frame to each per second.
RECONNECT_SPREAD_MS_MAX: Final = 8_000  # All of an edge are back within 20 s, also with a second try.
RECONNECT_SPREAD_MS_PER_PERSON: Final = 0.8  # 1,250 handshakes a second: what two busy cores take.
RECONNECT_SPREAD_MS_MIN: Final = 300  # A class of 30 is back before anybody has said a sentence.
VIEWS_SLICE_S: Final = 0.01  # Fresh views at once: a view of 2,000 people takes 1 ms, and others wait too.
RESUME_BYTES_MAX: Final = 262_144  # A tail above this is larger than the view of a full class.
CLAIM_S: Final = 25 * 3_600.0  # A claim on one's class outlives the longest one, twice SESSION_HOURS_MAX.
CLAIM_SETTLE_S: Final = 5.0  # A join decided at its deadline is on the log by then (STORE_TIMEOUT_S).
CLAIM_WAIT_S: Final = 3.0  # For a join elsewhere to be decided; longer, and the person may ask again.
CLAIM_LOOK_S: Final = 0.05  # Between two looks at such a claim: about ten times what a join takes.
RESUME_RING_BYTES: Final = 16_777_216  # And at most this much of them: a room of drawers fills 60 kB each.
RESUME_RING_COMMITS: Final = 1_000  # Recent commits that an edge keeps per open room for those who come back.
EDGE_RETRY_S: Final = 1.0  # Pause before an edge's own errand is tried again; nobody waits for it.
HOUSEKEEPING_S: Final = 3_600.0  # What has ended in the identity tables is deleted once an hour.
LOGINS_ENDED_MAX: Final = 20_000  # Ended within an access token's life; a school's whole day.

# --- artifacts -----------------------------------------------------------------------------------
RECORDINGS_KEPT_MAX: Final = 10  # In the aggregate, for the list in class; older ones from the read model.
RECORDINGS_SHELVED_MAX: Final = 1_000  # Kept and not erased, per room: five years of daily lessons.
RECORDING_PAUSES_MAX: Final = 50  # More breaks than any lesson has; their marks travel in every view.
RECORDING_VERSIONS_MAX: Final = 10_000  # Rebuilds of one recording; a redaction causes one.
EXPIRIES_PER_COMMIT_MAX: Final = 100  # Recordings whose time is over; the rest follow at once.
REDACTION_REASON_CHARS_MAX: Final = 500  # A few sentences for whoever audits it later.
RECORDING_STEPS_MAX: Final = 20  # Twice the pipeline that is planned.
ARTIFACTS_KEPT_MAX: Final = 48  # Per recording in the aggregate; every one is on the log.
JOB_ATTEMPTS_MAX: Final = 6  # With the backoff below about 20 minutes of trouble are ridden out.
JOB_BACKOFF_S: Final = (5, 15, 60, 300, 600)  # Grows past a restart, a deploy, a short outage.
JOB_ACK_S: Final = 30  # A worker that is silent this long has died.
CAPTURE_END_WAIT_S: Final = 5.0  # How long capture waits for a track's last batch.
COMPOSED_WIDTH_PX: Final = 1280  # 720p: what a laptop shows in a tile layout.
COMPOSED_HEIGHT_PX: Final = 720  # 16:9 of the width, and even for 4:2:0 video.
COMPOSED_RATE_FPS: Final = 25  # Divides a second evenly; enough for faces and slides.

# --- media control -------------------------------------------------------------------------------
DTLS_HANDSHAKE_S: Final = 15.0  # Three lost flights with DTLS's doubling timer; then ICE is gone too.
DTLS_DATAGRAMS_QUEUED_MAX: Final = 16  # Two flights of a handshake, each twice; DTLS repeats the rest.
TRANSPORT_UNUSED_S: Final = 30.0  # Opened and never connected: that page is gone.
MEDIA_REQUESTS_IN_WORK_MAX: Final = 256  # `produce` waits for the log; a joining class must not queue up.
ROOMS_PER_NODE_MAX: Final = 500  # Rooms that one control process follows.
ROOM_IDLE_S: Final = 30.0  # A room that is not here is followed this long after the last request.
QUALITY_SAMPLES_MAX: Final = 20_000  # More than a day of COUNTERS_SAMPLED_S.
QUALITY_BPS_MAX: Final = 10_000_000_000  # Beyond any line to a person; a bound for what is stored.
QUALITY_MS_MAX: Final = 60_000  # A round trip of a minute is no line.
QUALITY_PARTICIPATIONS_MAX: Final = 5_000  # Of one class: 2,000 people who leave and come back.
COUNTERS_SAMPLED_S: Final = 5.0  # Half of Prometheus's usual pace; a sample walks all streams.
TAP_DRAIN_S: Final = 3.0  # What a stopping node waits for its last recording batches.
PUBLISH_DEADLINE_S: Final = 3.0  # With both waits for the log, `produce` answers within MEDIA_REQUEST_S.
TAP_BATCHES_QUEUED_MAX: Final = 100  # Per track 2 MB: about ten seconds without the bus.
SIGNALS_WAITING_MAX: Final = 256  # Levels and layers of a whole node; the oldest go first.
LEVELS_SENT_MAX: Final = 8  # More voices at once are noise; keeps the signal in one packet.
SPEAKER_HOLD_S: Final = 1.0  # A cough does not take the stage.
CLOSE_RETRY_S: Final = 2.0  # A track without its producer is reported again after this pause.

# --- bus -----------------------------------------------------------------------------------------
STORE_TIMEOUT_S: Final = 5.0  # Covers a slow fsync; a leader election of 4 to 7 s ends as "unknown".
LOG_CLOCK_S: Final = 10.0  # How often the server's time is looked at: quartz drifts a millisecond meanwhile.
LOG_CLOCK_WAIT_S: Final = 1.0  # It is asked again this soon when it did not answer.
RECONNECT_WAIT_S: Final = 0.25  # Pause between attempts to reach a server: quick, yet no storm.
PING_INTERVAL_S: Final = 2  # Two unanswered pings end a dead connection before an edge lease (6 s) ends.
SEND_BUFFER_BYTES_MAX: Final = 4_194_304  # Unsent bytes of a connection; beyond it a sender waits.
RETRY_WAIT_S: Final = 0.1  # Pause before reading again after "no answer": the server is starting.
READ_BATCH_MESSAGES: Final = 500  # Direct get: one round trip reads a long tail (bus-facts §5).
FOLLOW_QUEUED_MAX: Final = 4_096  # Live commits waiting for a follower; beyond it, it reads instead.
FOLLOW_CHECK_S: Final = 15.0  # A route between servers may drop the last commit unseen: look this often.
REPAIR_READS_MAX: Final = 50  # Five seconds for a replica to reach what was already seen live.
CORE_QUEUED_MAX: Final = 4_096  # Core messages waiting for their handler; beyond it they are dropped.
PULL_BATCH_MESSAGES: Final = 256  # Commands in hand per partition: a takeover redelivers at most these.
PULL_EXPIRES_S: Final = 20.0  # A pull request is renewed this often.
PULL_HEARTBEAT_S: Final = 2.0  # Two missed beats of the server and the pull begins anew.
COMMAND_ACK_WAIT_S: Final = 60.0  # An owner redelivers by reset at takeover; this only catches a lost one.
COMMAND_ACKS_PENDING_MAX: Final = 2_000  # Commands delivered and undecided, per partition.
COMMAND_AGE_S: Final = 3_600  # CMD: long past every deadline, a command is of no use.
COMMAND_MESSAGE_BYTES_MAX: Final = 65_536  # CMD: COMMAND_BYTES_MAX and its headers.
EVENT_MESSAGE_BYTES_MAX: Final = 262_144  # EVT: COMMIT_BYTES_MAX and its headers.
JOBS_IN_WORK_MAX: Final = 1_000  # JOBS: workers of one kind, each with one job.
COMMAND_STREAM_BYTES_MAX: Final = 268_435_456  # CMD: an hour at 60 commands/s of 1 kB; then refused.
EVENT_STREAM_BYTES_MAX: Final = 4_294_967_296  # EVT: three million commits of 1.4 kB until archived.
REC_AGE_S: Final = 6 * 3_600  # REC: the longest a recording worker may be down.
REC_STREAM_BYTES_MAX: Final = 8_589_934_592  # REC: ten tracks of 2 Mbit/s for an hour; then refused.
REC_MESSAGE_BYTES_MAX: Final = 262_144  # REC: a batch is 20 kB; a key frame burst may exceed it.
JOB_STREAM_BYTES_MAX: Final = 67_108_864  # JOBS: a hundred thousand waiting jobs.
JOB_AGE_S: Final = 7 * 86_400  # JOBS: a week of outage, then somebody has looked at the alert.
JOB_DEDUP_S: Final = 3_600  # JOBS: the same job id within the hour is the same job.
AUDIT_AGE_S: Final = 365 * 86_400  # AUDIT: one year.
AUDIT_STREAM_BYTES_MAX: Final = 536_870_912  # AUDIT: a million facts of 500 B.
DEAD_LETTER_AGE_S: Final = 30 * 86_400  # DLQ: a month to look at it.
DEAD_LETTER_STREAM_BYTES_MAX: Final = 268_435_456  # DLQ: its oldest go first; it must never block work.
BUCKET_BYTES_MAX: Final = 67_108_864  # A KV bucket: 100,000 small keys; the server reserves it.
ACTIVE_USER_BUCKET_BYTES_MAX: Final = 268_435_456  # active_user: a million people at 245 bytes (measured).
SNAPSHOT_BUCKET_BYTES_MAX: Final = 1_073_741_824  # room_snapshot: 13,000 rooms of 80 kB.
SNAPSHOT_VALUE_BYTES_MAX: Final = 300_000  # The inline snapshot and its wrapping.
VALUE_BYTES_MAX: Final = 65_536  # Values of the other buckets are small records.
MARKER_S: Final = 60  # Expiry and delete markers are kept this long: a watcher away longer re-syncs.
CONFIG_HISTORY: Final = 10  # Versions kept of a configuration value.
EPHEMERAL_IDLE_S: Final = 10.0  # An ordered subscription without its owner is removed after this.
PROBES_SILENT_MAX: Final = 2  # Probes without responder before a lease is taken over (bus-facts §3).
LIVENESS_GRACE_S: Final = 1.5  # After a server's restart its clients come back within a second.
RECONNECTS_LOGGED_S: Final = 5.0  # The same connection trouble is logged at most this often.

LOG_LINE_BYTES_MAX: Final = 300_000  # A line of a log file: a message of EVT and its wrapping.
LOG_LINES_AT_ONCE: Final = 200  # Read from a log file in one go of a thread.
LOG_SWEEP_S: Final = 3_600.0  # How often logs are looked at that could be put away; retention is in days.
LOG_REDACTION_SETTLE_S: Final = 60.0  # Who follows a room has read its redaction long before.

ANALYTICS_ACK_S: Final = 60  # A tenant's consumer that is silent this long gets its messages again.
ANALYTICS_UNACKNOWLEDGED_MAX: Final = 5_000  # Ten pulls of 500 in work; then it waits for itself.

# --- read models ---------------------------------------------------------------------------------
PROJECTOR_BATCH_COMMITS: Final = 500  # One transaction; a larger one makes the fence wait, not the rate.
PROJECTOR_RETRY_S: Final = 1.0  # Postgres restarts in 0.3 s (stack-facts §1); the log waits gladly.
PROJECTOR_LAG_INTERVAL_S: Final = 5.0  # Lag is looked at by people and alerts, not by code.
PROJECTOR_STATEMENT_S: Final = 60.0  # Longest wait for one statement; a rebuild's compare takes seconds.
ENGAGEMENT_SESSIONS_MAX: Final = 100  # A school year of lessons twice a week and more.
USAGE_DAYS_MAX: Final = 400  # A year, and the same month of the last one beside it.
PROJECTOR_STATEMENTS_MAX: Final = 1_000  # All statements of all models stay prepared; they are 200.
PROJECTOR_SAMPLE_ROWS: Final = 5  # Differing rows that a verification names per table and side.

# --- webhooks ------------------------------------------------------------------------------------
WEBHOOKS_PER_TENANT_MAX: Final = 20  # A school's own systems; each costs a row per event.
WEBHOOK_URL_CHARS_MAX: Final = 2_000  # What every browser, proxy and log line still takes.
WEBHOOK_TIMEOUT_S: Final = 10.0  # From the look-up of the name to the answer; a slower receiver queues.
WEBHOOK_ANSWER_BYTES_MAX: Final = 16_384  # Status and headers of an answer; its body is not read.
WEBHOOK_REQUEST_S: Final = 5.0  # Edge and worker ask each other about one row.
WEBHOOK_WORKERS: Final = 8  # Deliveries at once per worker process: one slow receiver must not be all.
WEBHOOK_FAILING_S: Final = 3 * 86_400  # A weekend and a day without one success: it is switched off.
WEBHOOK_KEPT_S: Final = 30 * 86_400  # Deliveries can be looked at and replayed, as long as dead letters.
WEBHOOK_OLD_SECRET_S: Final = 86_400  # Both secrets sign for a day: receivers change theirs without loss.
WEBHOOK_SWEEP_S: Final = 2.0  # How often deliveries are looked for that have no job yet.
WEBHOOK_JOBS_AT_ONCE: Final = 500  # Jobs put per look: a long replay does not fill JOBS at a stroke.
WEBHOOK_LOST_S: Final = 2 * 3_600  # Longer than all of JOB_BACKOFF_S: a job not heard of is put again.
WEBHOOK_QUIET_COMMITS: Final = 1_000  # The position is also kept after so many commits that nobody wants.

# --- accounts ------------------------------------------------------------------------------------
PASSWORD_GUESSES_LOG10_MIN: Final = 8  # zxcvbn's "safely unguessable" online: 30 a minute need six years.
PASSWORD_JUDGED_CHARS_MAX: Final = 72  # zxcvbn takes longer than linear; what is longer is strong by then.
LOGIN_ATTEMPTS_PER_ACCOUNT_PER_MINUTE: Final = 30  # From all addresses; its owner's own are not locked out.
LOGIN_FAILURES_PER_ADDRESS_PER_MINUTE: Final = 100  # A school behind one address mistypes less than this.
LETTERS_PER_ACCOUNT_MAX: Final = 5  # Valid at once: nobody's mailbox is flooded by asking for resets.
LETTER_VERIFY_S: Final = 86_400  # A mail is read today or not at all.
LETTER_RESET_S: Final = 1_800  # Whoever asked stands before the mailbox; OWASP asks for under an hour.
LETTER_INVITE_S: Final = 7 * 86_400  # Over the week-end; an administrator sends another.
LETTERS_WAITING_MAX: Final = 1_000  # A year's first day invites a school; more are refused until sent.
MAIL_TIMEOUT_S: Final = 20.0  # A mail server that greets slowly on purpose (tarpit) still gets its turn.
MAIL_ATTEMPTS_MAX: Final = 4  # With the pauses below: grey-listing lets the second or third one in.
MAIL_RETRY_S: Final = 30.0  # Times four at each attempt: half a minute, two, eight.
USER_AGENT_CHARS_MAX: Final = 200  # Shown to people so that they tell their logins apart.
STOLEN_LOGINS_TOLD_MAX: Final = 10  # Told at one sign-in; nobody reads more.
PROVIDERS_PER_TENANT_MAX: Final = 20  # A district with a sign-in server per school.
PROVIDER_DOMAINS_MAX: Final = 50  # Domains that lead to one provider.
OIDC_DEPARTURE_S: Final = 600  # A password and a second factor at the school's page take minutes.
OIDC_TIMEOUT_S: Final = 10.0  # One request to a school's sign-in server, while a person waits.
OIDC_ANSWER_BYTES_MAX: Final = 262_144  # Key sets of large providers have 20 kB.
OIDC_METADATA_S: Final = 3_600  # How long discovery and keys are believed; an unknown key asks again.
OIDC_KEYS_AGAIN_S: Final = 60  # But no more often: tokens with made-up key names cost us no requests.
OIDC_CLOCK_SKEW_S: Final = 60  # Schools' servers are a little off.
OIDC_REQUESTS_AT_ONCE_MAX: Final = 20  # A slow provider of one school must not hold every connection.
API_KEYS_PER_TENANT_MAX: Final = 50  # One per machine and purpose.
API_KEY_S: Final = 90 * 86_400  # Unless said otherwise: renewed each term.
API_KEY_S_MAX: Final = 366 * 86_400  # A school year.
API_KEY_USE_S: Final = 60  # How fine the last use is kept: not a write for each request.
SIGNING_KEY_S: Final = 30 * 86_400  # Monthly: what leaks with a backup is soon worth nothing.
SIGNING_KEY_ANNOUNCE_S: Final = 60  # Before a new key signs, every edge has read it (four looks).
SIGNING_KEYS_LOOK_S: Final = 15.0  # How often an edge looks for new keys.

# --- making artifacts ----------------------------------------------------------------------------
CAPTURE_TRACKS_AT_ONCE: Final = 8  # Waiting for last batches overlaps; disk and memory stay small.
CAPTURE_PAUSE_S: Final = 0.5  # Longer silence of a track is a pause, after which its clock is checked anew.
CAPTURE_SEQ_JUMP_MAX: Final = 3_000  # MAX_DROPOUT of RFC 3550 A.1: a larger jump is a new count.
REORDER_WAIT_S: Final = 1.0  # A repair by NACK comes within this, or never (RETRANSMIT_CACHE_PACKETS).
REORDER_PACKETS_MAX: Final = 1_024  # Packets held for a missing one: 1 s of 10 Mbit/s.
CLOCK_WINDOW_S: Final = 60.0  # Two quartzes part by at most 6 ms in it; some packet in it is on time.
CLOCK_WINDOW_PACKETS_MIN: Final = 100  # Fewer may all be late; then the other windows speak for this one.
CLOCK_TRANSIT_S_MAX: Final = 1.0  # A report that says that packets were longer under way is nonsense.
COMPOSED_TILES_MAX: Final = 16  # Faces at 320 by 180 pixels; below that nobody is recognised.
COMPOSED_AUDIO_BPS: Final = 128_000  # AAC, where speech and music are clean.
RECUT_BITS_PER_PIXEL: Final = 0.12  # A recut camera at 720p: 2.8 Mbit/s, more than it was sent with.
POSTER_WIDTH_PX: Final = 640  # Twice a list entry, for sharp screens.
STEP_REPORT_S: Final = 2.0  # Progress is a commit on the log: no more often than a person looks.
STEP_REPORT_PERCENT: Final = 10  # And at most ten of them per step and attempt.
STORE_TIMEOUT_READ_S: Final = 30.0  # A part of a multipart upload on a slow store.
STORE_PART_BYTES: Final = 8 << 20  # Multipart uploads; S3 wants at least 5 MiB.
STORE_CHUNK_BYTES: Final = 64 << 10  # What is read at once while streaming to a browser.
STORE_STALE_UPLOAD_DAYS: Final = 1  # A worker that died in an upload is long back after a day.
HEALTH_REQUEST_BYTES_MAX: Final = 8_192  # A probe's request has a few hundred bytes.
HEALTH_REQUEST_S: Final = 5.0  # A probe that is slower than this is not one.
HEALTH_CONNECTIONS_MAX: Final = 16  # A supervisor, Prometheus and a curious operator.
