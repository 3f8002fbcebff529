"""Whatever closes, in whatever order: nothing is left behind, and nothing flows that the log forbids."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.media import LoseNode, PlaceRoom
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import JoinSession, LeaveSession
from schemas.commands.tracks import CloseTrack, MuteTrack, UnmuteTrack
from schemas.envelope import Actor
from schemas.ids import NodeId
from schemas.media import Source
from schemas.rtp import DtlsFingerprint, DtlsParameters
from tests.unit.rooms.classroom import NODE, SAM, SERVICE, TESS, VERA, who
from tests.unit.sfu_control.studio import Studio

PEOPLE = st.sampled_from((TESS, SAM, VERA))
SOURCES = st.sampled_from(tuple(Source))
REMOTE = DtlsParameters((DtlsFingerprint("sha-256", "AA:BB"),), "client")


class Closing(RuleBasedStateMachine):
    """A class in which everybody does anything, and the router after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.studio = Studio(TESS, SAM, VERA)

    @initialize(is_recorded=st.booleans())
    def everybody_sees_everybody(self, is_recorded: bool) -> None:
        studio = self.studio
        ends = [(actor, *studio.open(actor, "laptop")) for actor in (TESS, SAM, VERA)]
        for actor, send, _ in ends:
            producer = studio.publish(actor, send, Source.CAMERA)
            for _, _, recv in ends:
                studio.watch(recv, producer)
        if is_recorded:
            studio.says(TESS, StartRecording())

    def _is_in(self, actor: Actor) -> bool:
        return who(actor) in self.studio.school.state.participants

    # --- browsers ----------------------------------------------------------------------------------
    @precondition(lambda self: self.studio.router.is_here)
    @rule(actor=PEOPLE, connection=st.sampled_from(("laptop", "phone")))
    def opens(self, actor: Actor, connection: str) -> None:
        if self._is_in(actor):
            self.studio.open(actor, connection)
            self.studio.hear_reports()

    @precondition(lambda self: self.studio.router.transports)
    @rule(data=st.data(), source=SOURCES, is_published=st.booleans())
    def sends(self, data: st.DataObject, source: Source, is_published: bool) -> None:
        transport = data.draw(st.sampled_from([*self.studio.router.transports.values()]))
        actor = next(a for a in (TESS, SAM, VERA) if who(a) == transport.participant)
        has_it = any(t.source is source for t in self.studio.school.state.tracks_of(who(actor)))
        if has_it or any(
            str(len(transport.producers)) == p.sent.config.mid for p in transport.producers.values()
        ):
            return
        if is_published:
            self.studio.publish(actor, transport, source)
        else:
            self.studio.send(transport, source)

    @precondition(lambda self: self.studio.router.producers and self.studio.router.transports)
    @rule(data=st.data())
    def watches(self, data: st.DataObject) -> None:
        router = self.studio.router
        producer = data.draw(st.sampled_from([*router.producers.values()]))
        self.studio.watch(data.draw(st.sampled_from([*router.transports.values()])), producer)

    @precondition(lambda self: self.studio.router.transports)
    @rule(data=st.data())
    def connects(self, data: st.DataObject) -> None:
        router = self.studio.router
        router.connect(data.draw(st.sampled_from([*router.transports.values()])), REMOTE)

    @precondition(lambda self: self.studio.router.transports)
    @rule(data=st.data(), tell=st.booleans())
    def loses_a_transport(self, data: st.DataObject, tell: bool) -> None:
        router = self.studio.router
        transport = data.draw(st.sampled_from([*router.transports.values()]))
        router.close_transport(transport, tell=tell)
        router.close_transport(transport, tell=tell)
        self.studio.hear_reports()

    @precondition(lambda self: self.studio.router.producers)
    @rule(data=st.data())
    def is_refused(self, data: st.DataObject) -> None:
        router = self.studio.router
        unknown = [p for p in router.producers.values() if not p.is_published]
        if unknown:
            producer = data.draw(st.sampled_from(unknown))
            router.close_producer(producer)
            router.close_producer(producer)

    @precondition(lambda self: self.studio.router.consumers)
    @rule(data=st.data())
    def looks_away(self, data: st.DataObject) -> None:
        router = self.studio.router
        consumer = data.draw(st.sampled_from([*router.consumers.values()]))
        router.close_consumer(consumer)
        consumer.close()

    # --- the log -------------------------------------------------------------------------------------
    @precondition(lambda self: self.studio.school.state.tracks)
    @rule(data=st.data(), how=st.sampled_from((CloseTrack, MuteTrack, UnmuteTrack)))
    def the_log_changes_a_track(self, data: st.DataObject, how: type) -> None:
        track = data.draw(st.sampled_from([*self.studio.school.state.tracks.values()]))
        actor = next(a for a in (TESS, SAM, VERA) if who(a) == track.participant)
        self.studio.says(actor, how(track.id))

    @precondition(lambda self: self.studio.school.state.live)
    @rule(actor=PEOPLE)
    def comes_or_goes(self, actor: Actor) -> None:
        command = LeaveSession() if self._is_in(actor) else JoinSession("Back")
        self.studio.says(actor, command)

    @precondition(lambda self: self.studio.school.state.live)
    @rule(to=st.sampled_from((NODE, NodeId("node-2"))), is_lost=st.booleans())
    def the_node_changes(self, to: NodeId, is_lost: bool) -> None:
        school = self.studio.school
        if is_lost and school.state.placement.node is not None:
            school.facts(SERVICE, LoseNode(school.state.placement.node))
        self.studio.says(SERVICE, PlaceRoom(to))

    @precondition(lambda self: self.studio.school.state.live and self._is_in(TESS))
    @rule()
    def is_recorded(self) -> None:
        recording = self.studio.school.state.recording
        self.studio.school.ask(TESS, StartRecording() if recording is None else StopRecording())
        self.studio.step()

    @rule()
    def begins_or_ends(self) -> None:
        if self.studio.school.state.live:
            self.studio.says(TESS, EndSession())
        else:
            self.studio.says(TESS, StartSession())
            self.studio.says(SERVICE, PlaceRoom(NODE))

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.studio.check()
        assert self.studio.reported == []
        if self.studio.router.is_here:
            assert set(self.studio.school.state.tracks) <= set(self.studio.router.producers)
        else:
            assert self.studio.forwarder.is_empty

    def teardown(self) -> None:
        self.studio.router.close()
        assert self.studio.forwarder.is_empty
        assert not self.studio.router.producers
        assert not self.studio.router.consumers


TestClosing = Closing.TestCase
TestClosing.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
