"""Who may see what: of every event the kinds of audience that the rules may choose for it.

Every test that asks something of a ``Class`` is held against this table. Where there are several, the
topic's own tests say when which. *Named*: those whom the event is about, and nobody else.
"""

from schemas.envelope import Audience, Event

TABLE = """
board.created                       everyone
board.deleted                       everyone
board.drawing_allowed               everyone
board.drawings_withdrawn            everyone
board.drawn                         everyone
board.hidden                        everyone
board.page_added                    everyone
board.page_cleared                  everyone
board.page_removed                  everyone
board.renamed                       everyone
board.shown                         everyone
breakouts.activity                  staff
breakouts.announced                 everyone
breakouts.children_closed           staff
breakouts.closed                    everyone
breakouts.closed_as_child           everyone
breakouts.directed                  staff
breakouts.door_opened               everyone, named and staff, named
breakouts.end_moved                 everyone
breakouts.help_called               everyone
breakouts.help_ended                everyone
breakouts.help_queued               staff
breakouts.help_unqueued             staff
breakouts.members_changed           everyone
breakouts.moved                     everyone, staff
breakouts.opened                    everyone
breakouts.opened_as_child           everyone
breakouts.planned                   staff
breakouts.speaking_to_all_started   everyone
breakouts.speaking_to_all_stopped   everyone
breakouts.staff_changed             staff
breakouts.visit_ended               named and staff
breakouts.visit_started             named and staff
breakouts.visitor_came              everyone
breakouts.visitor_went              everyone
chat.deleted                        everyone, named and staff, named
chat.edited                         everyone, named and staff, named
chat.held                           named and staff
chat.pinned                         everyone
chat.posted                         everyone, named and staff, named
chat.reacted                        everyone, named and staff, named
chat.rejected                       named and staff
chat.unpinned                       everyone
chat.unreacted                      everyone, named and staff, named
file.added                          everyone, staff, named and staff
file.removed                        everyone, staff, named and staff
file.renamed                        everyone, staff, named and staff
floor.given                         everyone
floor.hand_lowered                  everyone
floor.hand_raised                   everyone
floor.reacted                       everyone
floor.spotlighted                   everyone
floor.taken                         everyone
floor.unmute_asked                  named and staff
lifecycle.course_assigned           everyone
lifecycle.ending_soon               everyone
lifecycle.room_archived             everyone
lifecycle.room_created              everyone
lifecycle.room_renamed              everyone
lifecycle.room_restored             everyone
lifecycle.session_cancelled         everyone
lifecycle.session_ended             everyone
lifecycle.session_extended          everyone
lifecycle.session_moved             everyone
lifecycle.session_renamed           everyone
lifecycle.session_scheduled         everyone
lifecycle.session_started           everyone
lifecycle.settings_changed          everyone
lobby.admitted                      named and staff
lobby.connected                     named and staff
lobby.denied                        named and staff
lobby.disconnected                  named and staff
lobby.knocked                       named and staff
lobby.left                          named and staff
lobby.told                          named and staff
media.node_lost                     everyone
media.placed                        everyone
media.quality_reported              staff
notes.cleared                       everyone
notes.written                       everyone
poll.answered                       staff, named and staff
poll.closed                         everyone
poll.counted                        everyone
poll.created                        staff
poll.deleted                        everyone, staff
poll.edited                         staff
poll.opened                         everyone
poll.published                      everyone
poll.reopened                       everyone
poll.shelved                        everyone
pulse.faded                         staff
pulse.sent                          staff
question.answered                   everyone
question.answering_started          everyone
question.asked                      named and staff
question.dismissed                  named and staff
question.edited                     everyone, named and staff
question.hidden                     everyone
question.merged                     everyone
question.opened                     everyone
question.reopened                   everyone
question.vote_cast                  named
question.vote_taken_back            named
question.votes_counted              everyone
question.withdrawn                  everyone, named and staff
recording.artifact_added            everyone
recording.completed                 everyone
recording.consent_answered          named and staff
recording.deleted                   everyone
recording.erased                    everyone
recording.expired                   everyone
recording.paused                    everyone
recording.person_left_out           named and staff
recording.person_taken_in           named and staff
recording.renamed                   everyone
recording.resumed                   everyone
recording.retention_set             everyone
recording.started                   everyone
recording.step_reported             everyone
recording.stopped                   everyone
redaction.reason_given              staff
redaction.redacted                  everyone
rights.granted                      named and staff
rights.locked                       everyone
rights.policy_applied               staff
rights.reset                        named and staff
rights.revoked                      named and staff
rights.unlocked                     everyone
roster.connected                    everyone
roster.disconnected                 everyone
roster.joined                       everyone
roster.left                         everyone
roster.member_added                 staff
roster.member_removed               staff
roster.readmitted                   staff
roster.role_changed                 everyone
studio.call_hidden                  everyone
studio.call_shown                   everyone
studio.deck_added                   everyone
studio.deck_hidden                  everyone
studio.deck_removed                 everyone
studio.deck_shown                   everyone
studio.page_turned                  everyone
studio.scene_activated              everyone
studio.scene_deleted                everyone
studio.scene_saved                  everyone
timer.ended                         everyone
timer.extended                      everyone
timer.paused                        everyone
timer.resumed                       everyone
timer.started                       everyone
timer.stopped                       everyone
track.closed                        everyone
track.muted                         everyone
track.published                     everyone
track.unmuted                       everyone
"""

AUDIENCES: dict[str, tuple[str, ...]] = {
    line.split()[0]: tuple(kind.strip() for kind in line[36:].split(","))
    for line in TABLE.strip().splitlines()
}


def kind_of(audience: Audience) -> str:
    """Everyone, staff, the named alone, or the named with all staff."""
    if isinstance(audience, str):
        return audience
    return "named and staff" if "staff" in audience else "named"


def assert_audience(event: Event) -> None:
    """What the rules made goes to whom the table says."""
    assert kind_of(event.audience) in AUDIENCES[event.type], f"{event} is not for {event.audience}"
