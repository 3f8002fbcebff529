"""The router obeys the log: given a class, when this is decided, then this flows and nothing else."""

import pytest

from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.media import LoseNode, PlaceRoom
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import LeaveSession, RemoveParticipant
from schemas.commands.tracks import CloseTrack, MuteTrack, UnmuteTrack
from schemas.ids import NodeId
from schemas.limits import TRANSPORT_UNUSED_S, TRANSPORTS_PER_PARTICIPANT_MAX
from schemas.media import MediaKind, Source
from schemas.rtp import DtlsFingerprint, DtlsParameters
from schemas.signalling import LayerChanged, Level, Levels, Produce, TransportClosed
from sfu.errors import RemoteParametersError
from tests.unit.rooms.classroom import NODE, SAM, SERVICE, TESS, publishing, who
from tests.unit.sfu_control import browser
from tests.unit.sfu_control.studio import Studio

MIC, CAM, SCREEN = Source.MICROPHONE, Source.CAMERA, Source.SCREEN
REMOTE = DtlsParameters((DtlsFingerprint("sha-256", "AA:BB"),), "client")


@pytest.fixture
def studio() -> Studio:
    return Studio(TESS, SAM)


def test_a_producer_that_the_log_does_not_know_does_not_flow(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    producer = studio.send(send, MIC)
    studio.says(SAM, PostMessage("Hello"))
    assert producer.id not in studio.forwarder.flowing
    assert not producer.is_closed


def test_a_published_producer_flows(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    producer = studio.publish(TESS, send, MIC)
    assert studio.forwarder.flowing == {producer.id}


def test_a_producer_published_muted_does_not_flow_until_unmuted(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    producer = studio.publish(TESS, send, MIC, muted=True)
    assert not studio.forwarder.flowing
    studio.says(TESS, UnmuteTrack(producer.id))
    assert studio.forwarder.flowing == {producer.id}


def test_a_mute_by_the_host_stops_a_track(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    producer = studio.publish(SAM, send, MIC)
    studio.says(TESS, MuteTrack(producer.id))
    assert not studio.forwarder.flowing
    assert not producer.is_closed


def test_a_track_of_another_person_starts_nothing(studio: Studio) -> None:
    """A node that lost its mind and published under a wrong name forwards nothing."""
    send, _ = studio.open(SAM)
    producer = studio.send(send, MIC)
    studio.says(SERVICE, publishing(TESS, MIC, track=producer.id))
    assert not studio.forwarder.flowing


def test_a_closed_track_closes_its_producer_and_consumers(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    producer = studio.publish(TESS, send, CAM)
    consumer = studio.watch(studio.open(SAM)[1], producer)
    studio.says(TESS, CloseTrack(producer.id))
    assert producer.is_closed
    assert consumer.id not in studio.forwarder.consumers
    assert not send.is_closed
    assert studio.reported == []
    studio.check()


def test_who_leaves_takes_all_transports_along(studio: Studio) -> None:
    send, recv = studio.open(SAM)
    studio.publish(SAM, send, MIC)
    studio.says(SAM, LeaveSession())
    assert send.is_closed
    assert recv.is_closed
    assert studio.forwarder.is_empty
    assert studio.reported == [], "the log closed the tracks itself"


def test_who_is_removed_is_cut_off(studio: Studio) -> None:
    _, recv = studio.open(SAM)
    send, _ = studio.open(TESS)
    studio.watch(recv, studio.publish(TESS, send, CAM))
    studio.says(TESS, RemoveParticipant(who(SAM)))
    assert recv.is_closed
    assert not studio.forwarder.consumers


def test_a_class_that_ends_leaves_nothing(studio: Studio) -> None:
    studio.publish(TESS, studio.open(TESS)[0], CAM)
    studio.says(TESS, StartRecording(), EndSession())
    assert not studio.router.is_here
    assert studio.forwarder.is_empty
    assert studio.reported == []


def test_a_class_that_moves_leaves_nothing(studio: Studio) -> None:
    studio.publish(TESS, studio.open(TESS)[0], CAM)
    studio.says(SERVICE, PlaceRoom(NodeId("node-2")))
    assert not studio.router.is_here
    assert studio.forwarder.is_empty
    assert studio.reported == []


def test_a_new_epoch_on_the_same_node_voids_the_old_transports(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    studio.school.facts(SERVICE, LoseNode(NODE))
    studio.school.facts(SERVICE, PlaceRoom(NODE))
    studio.step()
    assert studio.router.is_here
    assert studio.router.epoch == 2
    assert send.is_closed
    assert studio.forwarder.is_empty


def test_the_next_class_in_the_room_begins_empty(studio: Studio) -> None:
    studio.open(TESS)
    studio.school.facts(TESS, EndSession())
    studio.school.facts(TESS, StartSession())
    studio.school.facts(SERVICE, PlaceRoom(NODE))
    studio.step()
    assert studio.forwarder.is_empty


def test_obeying_twice_changes_nothing(studio: Studio) -> None:
    producer = studio.publish(TESS, studio.open(TESS)[0], CAM)
    studio.watch(studio.open(SAM)[1], producer)
    studio.says(TESS, StartRecording())
    before = (set(studio.forwarder.flowing), set(studio.forwarder.tapped), len(studio.signals.heard))
    studio.step()
    after = (set(studio.forwarder.flowing), set(studio.forwarder.tapped), len(studio.signals.heard))
    assert after == before
    studio.check()


def test_a_lost_path_is_reported_to_the_log_and_to_its_browser(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    producer = studio.publish(SAM, send, MIC)
    studio.router.close_transport(send, tell=True)
    assert studio.reported == [producer.id]
    assert studio.signals.heard == [("transport_closed", TransportClosed(send.id), (who(SAM),))]


def test_a_lost_path_reports_nothing_that_the_log_never_had(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    studio.send(send, MIC)
    studio.router.close_transport(send)
    assert studio.reported == []
    assert studio.signals.heard == []


def test_a_newer_connection_replaces_the_older_ones_transports(studio: Studio) -> None:
    send, recv = studio.open(SAM, "laptop")
    producer = studio.publish(SAM, send, MIC)
    studio.open(SAM, "phone")
    assert send.is_closed
    assert recv.is_closed
    assert studio.reported == [producer.id]
    assert len(studio.router.transports) == 2


def test_a_participant_holds_a_bounded_number_of_transports(studio: Studio) -> None:
    first, _ = studio.open(SAM)
    for _ in range(5):
        last, _ = studio.open(SAM)
    assert len(studio.router.transports) == TRANSPORTS_PER_PARTICIPANT_MAX
    assert first.is_closed
    assert not last.is_closed


def test_opening_again_touches_nobody_else(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    studio.open(SAM, "laptop")
    studio.open(SAM, "phone")
    assert not send.is_closed


def test_a_transport_that_is_never_connected_is_swept(studio: Studio) -> None:
    unused, _ = studio.open(SAM, now=0.0)
    used, _ = studio.open(TESS, now=0.0)
    studio.router.connect(used, REMOTE)
    studio.router.sweep(TRANSPORT_UNUSED_S)
    assert unused.is_closed
    assert not used.is_closed
    studio.router.close()


def test_connecting_twice_alike_is_one_handshake(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    studio.router.connect(send, REMOTE)
    studio.router.connect(send, REMOTE)
    assert len(studio.tasks) == 1
    with pytest.raises(RemoteParametersError):
        studio.router.connect(send, DtlsParameters((DtlsFingerprint("sha-256", "CC"),), "client"))
    studio.router.close()


@pytest.mark.parametrize(
    "remote",
    [
        DtlsParameters((DtlsFingerprint("sha-256", "AA"),), "server"),
        DtlsParameters((DtlsFingerprint("md5", "AA"),), "client"),
    ],
)
def test_a_browser_that_cannot_shake_hands_is_refused(studio: Studio, remote: DtlsParameters) -> None:
    send, _ = studio.open(SAM)
    with pytest.raises(RemoteParametersError):
        studio.router.connect(send, remote)
    assert send.state == "new"


def test_a_mid_or_ssrc_in_use_is_refused(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    studio.send(send, MIC)
    for raw in (browser.microphone(ssrc=9, mid="0"), browser.microphone(ssrc=1000, mid="9")):
        wish = Produce(send.id, MediaKind.AUDIO, MIC, browser.parameters(raw))
        with pytest.raises(RemoteParametersError):
            studio.router.add_producer(send, wish)
    assert len(studio.forwarder.producers) == 1


def test_an_ice_restart_changes_both_credentials(studio: Studio) -> None:
    send, _ = studio.open(SAM)
    before = send.options(()).ice_parameters
    after = send.restart_ice()
    assert before.username_fragment != after.username_fragment
    assert before.password != after.password
    assert studio.forwarder.credentials[send.id] == after.username_fragment


def test_consumers_have_mids_and_ssrcs_of_their_own(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    producers = [studio.publish(TESS, send, source) for source in (MIC, CAM, SCREEN)]
    _, recv = studio.open(SAM)
    for producer in producers:
        studio.watch(recv, producer)
        gone = studio.watch(recv, producer)
        studio.router.close_consumer(gone)
        studio.watch(recv, producer)
    configs = list(studio.forwarder.consumers.values())
    ssrcs = [s for c in configs for s in (c.ssrc, c.rtx_ssrc) if s is not None]
    assert len({c.mid for c in configs}) == len(configs) == 6
    assert len(set(ssrcs)) == len(ssrcs)
    assert not {0, 1234} & set(ssrcs)


def test_sound_and_picture_of_one_person_play_in_step(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    _, recv = studio.open(SAM)
    for source in (MIC, CAM, SCREEN):
        studio.watch(recv, studio.publish(TESS, send, source))
    voice, face, screen = [c.cname for c in studio.forwarder.consumers.values()]
    assert voice == face != screen


def test_a_tile_decides_the_layer(studio: Studio) -> None:
    producer = studio.publish(TESS, studio.open(TESS)[0], CAM)
    consumer = studio.watch(studio.open(SAM)[1], producer)
    assert studio.forwarder.wishes[consumer.id][0] == 2
    for width, height, layer in ((320, 180, 0), (640, 360, 1), (1920, 1080, 2), (0, 0, None)):
        consumer.show(width, height)
        assert studio.forwarder.wishes[consumer.id][0] == layer


def test_a_recording_taps_what_is_there_and_what_comes(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    first = studio.publish(TESS, send, MIC)
    studio.says(TESS, StartRecording())
    second = studio.publish(TESS, send, CAM)
    assert studio.forwarder.tapped == {first.id, second.id}
    studio.says(TESS, StopRecording())
    assert studio.forwarder.tapped == set()


def test_the_room_hears_who_is_loud_and_that_it_became_quiet(studio: Studio) -> None:
    tess = studio.publish(TESS, studio.open(TESS)[0], MIC)
    sam = studio.publish(SAM, studio.open(SAM)[0], MIC)
    studio.router.measured([(tess, 40), (sam, 20)], 1.0)
    studio.router.measured([(tess, 120), (sam, 127)], 1.2)
    studio.router.measured([], 1.4)
    loud = Levels((Level(who(SAM), 20), Level(who(TESS), 40)), who(SAM))
    assert [data for _, data, _ in studio.signals.heard] == [loud, Levels((), who(SAM))]


def test_a_muted_microphone_has_no_level(studio: Studio) -> None:
    tess = studio.publish(TESS, studio.open(TESS)[0], MIC, muted=True)
    studio.router.measured([(tess, 10)], 1.0)
    assert studio.signals.heard == []


def test_only_the_viewer_hears_of_its_layer(studio: Studio) -> None:
    producer = studio.publish(TESS, studio.open(TESS)[0], CAM)
    consumer = studio.watch(studio.open(SAM)[1], producer)
    studio.router.layer_selected(consumer, 1)
    assert studio.signals.heard == [("layer", LayerChanged(consumer.id, 1), (who(SAM),))]
