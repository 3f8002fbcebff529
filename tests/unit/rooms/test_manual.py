"""The manual's index: of every command, a success, a refusal by role and by state, and asking again.

The topics' own tests say more of each. Here a new command without its row fails, and so does a rule that
accepts from the wrong person, accepts in a state that cannot bear it, or carries the same wish out twice.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from rooms.room import author, decide, initial, next_deadline, recall
from schemas.artifacts import Artifact, ArtifactKind
from schemas.breakouts import GroupPlan
from schemas.commands import COMMANDS, SERVICE_COMMANDS, Command
from schemas.commands.boards import (
    AddBoardPage,
    AllowDrawing,
    ClearMine,
    ClearPage,
    CreateBoard,
    DeleteBoard,
    Draw,
    HideBoard,
    RemoveBoardPage,
    RenameBoard,
    ShowBoard,
)
from schemas.commands.breakouts import (
    AnswerHelp,
    BroadcastToBreakouts,
    CallForHelp,
    ChooseBreakout,
    CloseBreakouts,
    ConfirmClosed,
    DirectBreakout,
    EndBreakout,
    ExtendBreakouts,
    LeaveBreakout,
    MoveParticipant,
    OpenBreakouts,
    PlanAtRandom,
    PlanBreakouts,
    PlanByNumber,
    PlanLikeLastTime,
    ReportBreakout,
    SpeakToAll,
    StopSpeakingToAll,
    VisitBreakout,
    WithdrawHelp,
)
from schemas.commands.chat import (
    ApproveMessage,
    DeleteMessage,
    EditMessage,
    PinMessage,
    PostMessage,
    ReactToMessage,
    RejectMessage,
    UnpinMessage,
    UnreactToMessage,
)
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.files import AddFile, RemoveFile, RenameFile
from schemas.commands.floor import (
    AskToUnmute,
    GiveFloor,
    LowerAllHands,
    LowerHand,
    NextHand,
    RaiseHand,
    React,
    Spotlight,
    TakeFloor,
)
from schemas.commands.lifecycle import (
    ArchiveRoom,
    AssignCourse,
    CancelSeries,
    CancelSession,
    ChangeSettings,
    CreateRoom,
    EndSession,
    ExtendSession,
    MoveSession,
    RenameRoom,
    RenameSession,
    RestoreRoom,
    ScheduleSeries,
    ScheduleSession,
    StartSession,
)
from schemas.commands.lobby import Admit, AdmitAll, Deny, DenyAll, LeaveLobby, TellLobby
from schemas.commands.media import LoseNode, PlaceRoom, ReportQuality
from schemas.commands.notes import ClearNotes, ParagraphWish, WriteNotes
from schemas.commands.polls import (
    AnswerPoll,
    AskPoll,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EditPoll,
    OpenPoll,
    PublishResults,
    ReopenPoll,
)
from schemas.commands.pulse import SendPulse
from schemas.commands.questions import (
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    EditQuestion,
    MergeQuestions,
    ReopenQuestion,
    StartAnswering,
    UpvoteQuestion,
    WithdrawQuestion,
    WithdrawVote,
)
from schemas.commands.recording import (
    AddArtifact,
    AgreeToRecording,
    CompleteRecording,
    DeclineRecording,
    DeleteRecording,
    LeaveOut,
    PauseRecording,
    RenameRecording,
    ReportErased,
    ReportStep,
    ResumeRecording,
    SetRetention,
    StartRecording,
    StopRecording,
    TakeIn,
)
from schemas.commands.redaction import Redact
from schemas.commands.rights import (
    ApplyPolicy,
    GrantPermission,
    LockPermission,
    ResetPermissions,
    RevokePermission,
    UnlockPermission,
)
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    ReadmitParticipant,
    RemoveMember,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.commands.studio import (
    ActivateScene,
    AddDeck,
    DeleteScene,
    HideCall,
    HideDeck,
    RemoveDeck,
    SaveScene,
    ShowCall,
    ShowDeck,
    TurnPage,
)
from schemas.commands.timer import AddTime, PauseTimer, ResumeTimer, StartTimer, StopTimer
from schemas.commands.tracks import CloseTrack, MuteAll, MuteTrack, UnmuteTrack
from schemas.envelope import Actor
from schemas.events import EVENTS
from schemas.ids import (
    ArtifactId,
    BoardId,
    ConnectionId,
    CourseId,
    DeckId,
    EdgeId,
    FileId,
    GroupId,
    MessageId,
    NodeId,
    OpeningId,
    PageId,
    ParagraphId,
    ParticipantId,
    PollId,
    QuestionId,
    RecordingId,
    RoomId,
    RoomKey,
    SceneId,
    SeriesId,
    SessionId,
    TrackId,
    UserId,
    participant_id,
)
from schemas.media import Role, Source
from schemas.permissions import Permission
from schemas.policy import Policy
from schemas.polls import Answer, PollItem
from schemas.reactions import Reaction
from schemas.rejections import Code, Rejection
from schemas.room_settings import RoomSettings
from schemas.stage import Layout
from tests.unit.rooms.audiences import AUDIENCES
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    KEY,
    NODE,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    publishing,
    who,
)
from tests.wishes.boards import element

MINUTE = 60 * SECOND
Wanted = Command | Callable[[Class], Command]
Wish = tuple[Actor, Wanted]


class Refused(NamedTuple):
    """A state in which the command is refused: ``given`` in place of the row's own, and what is asked."""

    code: Code
    given: tuple[Wish, ...] | None = None
    command: Wanted | None = None
    by: Actor | None = None


class Row(NamedTuple):
    """``by`` may want ``command`` after ``given``; ``not_by`` may not (None: anybody may, each for
    themselves). ``again`` is what the same wish under another id leads to: facts anew, nothing, or a refusal.
    """

    command: Wanted
    state: Refused
    by: Actor = TESS
    not_by: Actor | None = SAM
    given: tuple[Wish, ...] = ()
    again: Code | str = "nothing"
    refused: Code = Code.FORBIDDEN


OVER: tuple[Wish, ...] = ((TESS, EndSession()),)
NOT_LIVE = Refused(Code.SESSION_NOT_LIVE, OVER)
ABSENT = Refused(Code.NOT_A_PARTICIPANT, OVER)
GONE = Refused(Code.NO_SUCH_PARTICIPANT, OVER)
NO_ROOM = Refused(Code.NO_SUCH_ROOM)
"""Whatever is true in the room, this can be wished for: only where there is none it cannot."""


def lesson() -> Class:
    """Tess teaches with Cora; Sam and Vera learn; everybody's microphone is on but Cora's."""
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, AddMember(UserId(CORA.id), Role.CO_HOST))
    room.join(CORA)
    for actor in (TESS, SAM):
        room.publish(actor, Source.MICROPHONE)
    return room


# --- what the wishes are about -------------------------------------------------------------------
ITEM = PollItem("single", "2 + 2?", ("3", "4"))
ANSWER = (Answer((1,)),)
FILM = Artifact(ArtifactId("a1"), ArtifactKind.COMPOSED, "k", "video/mp4", 9, "0" * 64)
PARAGRAPH = ParagraphWish(ParagraphId("n1"), 1, 7, "a", "Energy is conserved.")
SETTINGS = RoomSettings(capacity=30)
LOBBY = RoomSettings(lobby="everyone")
HOLDS = RoomSettings(hold_messages=True)
APPROVES = RoomSettings(approve_questions=True)
FILE = AddFile(FileId("f1"), "a.pdf", 9, "application/pdf", "0" * 64, "library", True, who(SAM), "Sam")
MICROPHONE = TrackId("sam-microphone")


def poll(room: Class) -> PollId:
    """The latest poll."""
    return room.state.polls.polls[-1].id


def question(room: Class) -> QuestionId:
    """The first question that is not settled, else the latest of the others."""
    known = room.state.questions
    return (*known.open, *known.answered, *known.dismissed)[0].id


def message(room: Class) -> MessageId:
    """The latest message."""
    return room.state.messages[-1].id


def board(room: Class) -> BoardId:
    """The first board."""
    return next(iter(room.state.boards.boards))


def page(room: Class, at: int = -1) -> PageId:
    """The first board's last page."""
    return list(room.state.boards.boards[board(room)].pages)[at]


def scene(room: Class) -> SceneId:
    """The first scene."""
    return next(iter(room.state.studio.scenes))


def deck(room: Class) -> DeckId:
    """The first deck."""
    return next(iter(room.state.studio.decks))


def group(room: Class) -> GroupId:
    """The first group."""
    return room.state.breakouts.groups[0].id


def opening(room: Class) -> OpeningId:
    """The open child rooms."""
    assert room.state.breakouts.opening is not None
    return room.state.breakouts.opening.id


def recording(room: Class) -> RecordingId:
    """The latest recording."""
    return list(room.state.shelf)[-1]


def planned(room: Class) -> SessionId:
    """The first class of the time table."""
    return room.state.scheduled[0].id


def drawing(room: Class) -> Draw:
    """A stroke on the first board."""
    return Draw(board(room), page(room, 0), 0, (element("e1", 1, 5),))


PARENT = RoomKey(KEY.tenant, RoomId("parent"))


def directed(version: int = 1, opening: str = "o1") -> DirectBreakout:
    """What a parent room tells."""
    return DirectBreakout(
        title="Red",
        owner=UserId(TESS.id),
        parent=PARENT.room,
        session=SessionId("s1"),
        opening=OpeningId(opening),
        group=GroupId("g1"),
        group_name="Red",
        members=(participant_id(PARENT, SAM.id),),
        version=version,
    )


def report(room: Class, work_version: int = 0) -> ReportStep:
    """A worker takes the recording up."""
    return ReportStep(recording(room), "capture", "started", version=work_version)


def child_help(room: Class) -> ReportBreakout:
    """A child room says that it needs help."""
    return ReportBreakout(opening(room), group(room), (), 0, 1)


SCHEDULED: tuple[Wish, ...] = ((TESS, ScheduleSession("Fractions", START + 60 * MINUTE)),)
SERIES: tuple[Wish, ...] = ((TESS, ScheduleSeries("Weekly", (START + 60 * MINUTE,))),)
KNOCKED: tuple[Wish, ...] = ((TESS, ChangeSettings(LOBBY)), (GUS, JoinSession("Gus")))
HAND: tuple[Wish, ...] = ((SAM, RaiseHand()),)
SPEAKING: tuple[Wish, ...] = ((TESS, GiveFloor(who(SAM))),)
POSTED: tuple[Wish, ...] = ((SAM, PostMessage("Hello")),)
HELD: tuple[Wish, ...] = ((TESS, ChangeSettings(HOLDS)), (SAM, PostMessage("Hello")))
ASKED: tuple[Wish, ...] = ((SAM, AskQuestion("Why?")),)
ANSWERED: tuple[Wish, ...] = (*ASKED, (TESS, lambda r: AnswerQuestion(question(r))))
DRAFT: tuple[Wish, ...] = ((TESS, CreatePoll((ITEM,))),)
POLL: tuple[Wish, ...] = ((TESS, AskPoll((ITEM,))),)
CLOSED: tuple[Wish, ...] = (*POLL, (TESS, lambda r: ClosePoll(poll(r))))
SCENE: tuple[Wish, ...] = ((TESS, SaveScene("Lecture", Layout.PRESENTATION, ())),)
DECK: tuple[Wish, ...] = ((TESS, AddDeck("Waves", 12, FileId("f1"))),)
SLIDES: tuple[Wish, ...] = (*DECK, (TESS, lambda r: ShowDeck(deck(r))))
CALL: tuple[Wish, ...] = ((TESS, ShowCall("Enrol", "https://school.test/")),)
TIMER: tuple[Wish, ...] = ((TESS, StartTimer(300)),)
BOARD: tuple[Wish, ...] = ((TESS, CreateBoard("Sketches")),)
PAGES: tuple[Wish, ...] = (*BOARD, (TESS, lambda r: AddBoardPage(board(r))))
SHOWN: tuple[Wish, ...] = (*BOARD, (TESS, lambda r: ShowBoard(board(r))))
DRAWN: tuple[Wish, ...] = (*BOARD, (SAM, drawing))
NOTES: tuple[Wish, ...] = ((TESS, WriteNotes(0, (PARAGRAPH,))),)
GROUPS: tuple[Wish, ...] = ((TESS, PlanBreakouts((GroupPlan("Red", (who(SAM),)), GroupPlan("Blue")))),)
OPEN: tuple[Wish, ...] = (*GROUPS, (TESS, OpenBreakouts(10)))
FREE: tuple[Wish, ...] = (*GROUPS, (TESS, OpenBreakouts(10, free_choice=True)))
CLOSING: tuple[Wish, ...] = (*OPEN, (TESS, CloseBreakouts(0)))
CHILD: tuple[Wish, ...] = (*OVER, (SERVICE, directed()), (SAM, JoinSession("Sam")))
RECORDING: tuple[Wish, ...] = ((TESS, StartRecording()),)
RECORDED: tuple[Wish, ...] = (*RECORDING, (TESS, StopRecording()))
WORKING: tuple[Wish, ...] = (*RECORDED, (SERVICE, report))
ERASED: tuple[Wish, ...] = (*RECORDED, (TESS, lambda r: DeleteRecording(recording(r))))

NO_POLL = PollId("gone")
NO_QUESTION = QuestionId("gone")
NOBODY = ParticipantId("nobody")

ROWS: dict[str, Row] = {
    # lifecycle
    "create_room": Row(CreateRoom("Algebra"), Refused(Code.ROOM_EXISTS), again=Code.ROOM_EXISTS),
    "schedule_session": Row(
        ScheduleSession("Fractions", START + MINUTE),
        Refused(Code.ROOM_ARCHIVED, ((TESS, ArchiveRoom()),)),
        again="anew",
    ),
    "schedule_series": Row(
        ScheduleSeries("Weekly", (START + MINUTE,)),
        Refused(Code.ROOM_ARCHIVED, ((TESS, ArchiveRoom()),)),
        again="anew",
    ),
    "move_session": Row(
        lambda r: MoveSession(planned(r), START + 90 * MINUTE),
        Refused(Code.NO_SUCH_SESSION, (), MoveSession(SessionId("gone"), START)),
        given=SCHEDULED,
    ),
    "rename_session": Row(
        lambda r: RenameSession(planned(r), "Decimals"),
        Refused(Code.NO_SUCH_SESSION, (), RenameSession(SessionId("gone"), "Decimals")),
        given=SCHEDULED,
    ),
    "cancel_session": Row(
        lambda r: CancelSession(planned(r)),
        Refused(Code.NO_SUCH_SESSION, (), CancelSession(SessionId("gone"))),
        given=SCHEDULED,
        again=Code.NO_SUCH_SESSION,
    ),
    "cancel_series": Row(
        lambda r: CancelSeries(r.state.scheduled[0].series or SeriesId("")),
        NO_ROOM,
        given=SERIES,
    ),
    "start_session": Row(StartSession(), Refused(Code.SESSION_LIVE, ()), given=OVER, again=Code.SESSION_LIVE),
    "extend_session": Row(ExtendSession(5), NOT_LIVE, again="anew"),
    "end_session": Row(EndSession(), NOT_LIVE, not_by=CORA, again=Code.SESSION_NOT_LIVE),
    "change_settings": Row(ChangeSettings(SETTINGS), NO_ROOM, not_by=CORA),
    "rename_room": Row(RenameRoom("Geometry"), NO_ROOM, not_by=CORA),
    "assign_course": Row(AssignCourse(CourseId("maths")), NO_ROOM, not_by=CORA),
    "archive_room": Row(ArchiveRoom(), NO_ROOM, not_by=CORA),
    "restore_room": Row(RestoreRoom(), NO_ROOM, not_by=CORA, given=((TESS, ArchiveRoom()),)),
    # rights
    "grant_permission": Row(
        GrantPermission(who(SAM), Permission.MUTE),
        Refused(Code.NO_SUCH_PARTICIPANT, (), GrantPermission(NOBODY, Permission.MUTE)),
    ),
    "revoke_permission": Row(
        RevokePermission(who(SAM), Permission.CHAT),
        Refused(Code.NO_SUCH_PARTICIPANT, (), RevokePermission(NOBODY, Permission.CHAT)),
        not_by=VERA,
    ),
    "reset_permissions": Row(
        ResetPermissions(who(SAM)), ABSENT, given=((TESS, GrantPermission(who(SAM), Permission.MUTE)),)
    ),
    "lock_permission": Row(LockPermission(Permission.CHAT), ABSENT),
    "unlock_permission": Row(
        UnlockPermission(Permission.CHAT),
        NO_ROOM,
        given=((TESS, LockPermission(Permission.CHAT)),),
    ),
    "apply_policy": Row(ApplyPolicy(Policy(1)), NO_ROOM, by=SERVICE),
    # lobby
    "admit": Row(Admit((who(GUS),)), NOT_LIVE, given=KNOCKED),
    "admit_all": Row(AdmitAll(), NOT_LIVE, given=KNOCKED),
    "deny": Row(Deny((who(GUS),)), NOT_LIVE, given=KNOCKED),
    "deny_all": Row(DenyAll(), NOT_LIVE, given=KNOCKED),
    "tell_lobby": Row(TellLobby("Soon."), NOT_LIVE),
    "leave_lobby": Row(LeaveLobby(), NO_ROOM, by=GUS, not_by=None, given=KNOCKED),
    # roster
    "join_session": Row(JoinSession("Gus"), NOT_LIVE, by=GUS, not_by=None),
    "leave_session": Row(LeaveSession(), NO_ROOM, by=SAM, not_by=None),
    "remove_participant": Row(
        RemoveParticipant(who(VERA)),
        Refused(Code.NO_SUCH_PARTICIPANT, (), RemoveParticipant(NOBODY)),
        again=Code.NO_SUCH_PARTICIPANT,
    ),
    "readmit_participant": Row(
        ReadmitParticipant(who(VERA)), NOT_LIVE, given=((TESS, RemoveParticipant(who(VERA))),)
    ),
    "change_role": Row(
        ChangeRole(who(VERA), Role.VIEWER),
        Refused(Code.NO_SUCH_PARTICIPANT, (), ChangeRole(NOBODY, Role.VIEWER)),
    ),
    "add_member": Row(
        AddMember(UserId("u"), Role.CO_HOST),
        Refused(Code.NO_SUCH_ROLE, (), AddMember(UserId("u"), Role.CO_HOST, "helper")),
        not_by=CORA,
    ),
    "remove_member": Row(RemoveMember(UserId(CORA.id)), NO_ROOM, not_by=CORA),
    "resume_connection": Row(
        ResumeConnection(who(SAM), ConnectionId("other"), EdgeId("edge-2")), GONE, by=SERVICE
    ),
    "lose_connection": Row(LoseConnection(who(SAM), ConnectionId("sam-socket")), NO_ROOM, by=SERVICE),
    "lose_edge": Row(LoseEdge(EdgeId("edge-1"), START), NO_ROOM, by=SERVICE),
    # floor
    "raise_hand": Row(RaiseHand(), ABSENT, by=SAM, not_by=None),
    "lower_hand": Row(LowerHand(who(SAM)), GONE, not_by=VERA, given=HAND),
    "lower_all_hands": Row(LowerAllHands(), ABSENT, given=HAND),
    "next_hand": Row(NextHand(), Refused(Code.NO_HAND, ()), given=HAND, again=Code.NO_HAND),
    "give_floor": Row(GiveFloor(who(SAM)), Refused(Code.NO_SUCH_PARTICIPANT, (), GiveFloor(NOBODY))),
    "take_floor": Row(TakeFloor(who(SAM)), ABSENT, not_by=VERA, given=SPEAKING),
    "ask_to_unmute": Row(AskToUnmute(who(VERA)), Refused(Code.NO_SUCH_PARTICIPANT, (), AskToUnmute(NOBODY))),
    "spotlight": Row(Spotlight((who(SAM),)), Refused(Code.NO_SUCH_PARTICIPANT, (), Spotlight((NOBODY,)))),
    "react": Row(React(Reaction.CLAP), ABSENT, by=SAM, not_by=None, again=Code.TOO_FAST),
    # tracks
    "publish_track": Row(
        publishing(VERA, Source.CAMERA),
        Refused(Code.STALE_EPOCH, (), publishing(VERA, Source.CAMERA, 9)),
        by=SERVICE,
    ),
    "mute_track": Row(
        MuteTrack(MICROPHONE), Refused(Code.NO_SUCH_TRACK, (), MuteTrack(TrackId("gone"))), not_by=VERA
    ),
    "mute_all": Row(MuteAll(), ABSENT),
    "unmute_track": Row(
        UnmuteTrack(MICROPHONE),
        Refused(Code.NO_SUCH_TRACK, (), UnmuteTrack(TrackId("gone"))),
        by=SAM,
        not_by=TESS,
        given=((SAM, MuteTrack(MICROPHONE)),),
    ),
    "close_track": Row(
        CloseTrack(MICROPHONE),
        Refused(Code.NO_SUCH_TRACK, (), CloseTrack(TrackId("gone"))),
        not_by=VERA,
        again=Code.NO_SUCH_TRACK,
    ),
    # chat
    "post_message": Row(PostMessage("Hello"), ABSENT, by=SAM, not_by=None, again="anew"),
    "edit_message": Row(
        lambda r: EditMessage(message(r), "Hallo"),
        Refused(Code.NO_SUCH_MESSAGE, (), EditMessage(MessageId("gone"), "Hallo")),
        by=SAM,
        not_by=VERA,
        given=POSTED,
    ),
    "delete_message": Row(
        lambda r: DeleteMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), DeleteMessage(MessageId("gone"))),
        not_by=VERA,
        given=POSTED,
        again=Code.NO_SUCH_MESSAGE,
    ),
    "react_to_message": Row(
        lambda r: ReactToMessage(message(r), Reaction.HEART),
        Refused(Code.NO_SUCH_MESSAGE, (), ReactToMessage(MessageId("gone"), Reaction.HEART)),
        by=VERA,
        not_by=None,
        given=POSTED,
    ),
    "unreact_to_message": Row(
        lambda r: UnreactToMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), UnreactToMessage(MessageId("gone"))),
        by=VERA,
        not_by=None,
        given=(*POSTED, (VERA, lambda r: ReactToMessage(message(r), Reaction.HEART))),
    ),
    "pin_message": Row(
        lambda r: PinMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), PinMessage(MessageId("gone"))),
        given=POSTED,
    ),
    "unpin_message": Row(
        lambda r: UnpinMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), UnpinMessage(MessageId("gone"))),
        given=(*POSTED, (TESS, lambda r: PinMessage(message(r)))),
    ),
    "approve_message": Row(
        lambda r: ApproveMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), ApproveMessage(MessageId("gone"))),
        given=HELD,
    ),
    "reject_message": Row(
        lambda r: RejectMessage(message(r)),
        Refused(Code.NO_SUCH_MESSAGE, (), RejectMessage(MessageId("gone"))),
        given=HELD,
        again=Code.NO_SUCH_MESSAGE,
    ),
    # questions
    "ask_question": Row(AskQuestion("Why?"), ABSENT, by=SAM, not_by=None, again="anew"),
    "edit_question": Row(
        lambda r: EditQuestion(question(r), "Why not?"),
        Refused(Code.NO_SUCH_QUESTION, (), EditQuestion(NO_QUESTION, "Why not?")),
        by=SAM,
        not_by=VERA,
        given=ASKED,
    ),
    "withdraw_question": Row(
        lambda r: WithdrawQuestion(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), WithdrawQuestion(NO_QUESTION)),
        by=SAM,
        not_by=VERA,
        given=ASKED,
        again=Code.NO_SUCH_QUESTION,
    ),
    "upvote_question": Row(
        lambda r: UpvoteQuestion(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), UpvoteQuestion(NO_QUESTION)),
        by=VERA,
        not_by=None,
        given=ASKED,
    ),
    "withdraw_vote": Row(
        lambda r: WithdrawVote(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), WithdrawVote(NO_QUESTION)),
        by=VERA,
        not_by=None,
        given=(*ASKED, (VERA, lambda r: UpvoteQuestion(question(r)))),
    ),
    "approve_question": Row(
        lambda r: ApproveQuestion(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), ApproveQuestion(NO_QUESTION)),
        given=((TESS, ChangeSettings(APPROVES)), *ASKED),
    ),
    "start_answering": Row(
        lambda r: StartAnswering(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), StartAnswering(NO_QUESTION)),
        given=ASKED,
    ),
    "answer_question": Row(
        lambda r: AnswerQuestion(question(r), "Because."),
        Refused(Code.NO_SUCH_QUESTION, (), AnswerQuestion(NO_QUESTION, "Because.")),
        given=ASKED,
    ),
    "dismiss_question": Row(
        lambda r: DismissQuestion(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), DismissQuestion(NO_QUESTION)),
        given=ASKED,
    ),
    "reopen_question": Row(
        lambda r: ReopenQuestion(question(r)),
        Refused(Code.NO_SUCH_QUESTION, (), ReopenQuestion(NO_QUESTION)),
        given=ANSWERED,
    ),
    "merge_questions": Row(
        lambda r: MergeQuestions(r.state.questions.open[0].id, (r.state.questions.open[-1].id,)),
        Refused(Code.NO_SUCH_QUESTION, (), MergeQuestions(NO_QUESTION, (NO_QUESTION,))),
        given=(*ASKED, (VERA, AskQuestion("Why so?"))),
        again=Code.NO_SUCH_QUESTION,
    ),
    # polls
    "create_poll": Row(
        CreatePoll((ITEM,)),
        Refused(Code.MALFORMED, (), CreatePoll((replace(ITEM, question=" "),))),
        again="anew",
    ),
    "edit_poll": Row(
        lambda r: EditPoll(poll(r), (ITEM,), "Edited"),
        Refused(Code.POLL_USED, POLL),
        given=DRAFT,
    ),
    "delete_poll": Row(
        lambda r: DeletePoll(poll(r)), Refused(Code.POLL_OPEN, POLL), given=DRAFT, again=Code.NO_SUCH_POLL
    ),
    "open_poll": Row(lambda r: OpenPoll(poll(r)), Refused(Code.POLL_USED, CLOSED), given=DRAFT),
    "ask_poll": Row(AskPoll((ITEM,)), NOT_LIVE, again="anew"),
    "answer_poll": Row(
        lambda r: AnswerPoll(poll(r), ANSWER),
        Refused(Code.POLL_NOT_OPEN, CLOSED),
        by=SAM,
        not_by=None,
        given=POLL,
    ),
    "close_poll": Row(lambda r: ClosePoll(poll(r)), Refused(Code.POLL_NOT_OPEN, DRAFT), given=POLL),
    "reopen_poll": Row(lambda r: ReopenPoll(poll(r)), Refused(Code.POLL_NOT_OPEN, DRAFT), given=CLOSED),
    "publish_results": Row(lambda r: PublishResults(poll(r)), Refused(Code.POLL_OPEN, POLL), given=CLOSED),
    # pulse
    "send_pulse": Row(SendPulse("lost"), ABSENT, by=SAM, not_by=None),
    # studio
    "save_scene": Row(
        SaveScene("Lecture", Layout.PRESENTATION, ()),
        Refused(Code.NO_SUCH_SCENE, (), SaveScene("Lecture", Layout.PRESENTATION, (), SceneId("gone"))),
        again="anew",
    ),
    "delete_scene": Row(
        lambda r: DeleteScene(scene(r)),
        Refused(Code.NO_SUCH_SCENE, (), DeleteScene(SceneId("gone"))),
        given=SCENE,
        again=Code.NO_SUCH_SCENE,
    ),
    "activate_scene": Row(
        lambda r: ActivateScene(scene(r)),
        Refused(Code.NO_SUCH_SCENE, (), ActivateScene(SceneId("gone"))),
        given=SCENE,
    ),
    "add_deck": Row(
        AddDeck("Waves", 12, FileId("f1"), DeckId("d1")),
        Refused(Code.DECK_EXISTS, ((TESS, AddDeck("Other", 2, FileId("f2"), DeckId("d1"))),)),
    ),
    "remove_deck": Row(
        lambda r: RemoveDeck(deck(r)),
        Refused(Code.NO_SUCH_DECK, (), RemoveDeck(DeckId("gone"))),
        given=DECK,
        again=Code.NO_SUCH_DECK,
    ),
    "show_deck": Row(
        lambda r: ShowDeck(deck(r), 2),
        Refused(Code.NO_SUCH_PAGE, DECK, lambda r: ShowDeck(deck(r), 13)),
        given=DECK,
    ),
    "turn_page": Row(TurnPage(2), Refused(Code.NO_DECK_SHOWN, DECK), given=SLIDES),
    "hide_deck": Row(HideDeck(), NO_ROOM, given=SLIDES),
    "show_call": Row(ShowCall("Enrol", "https://school.test/"), NOT_LIVE),
    "hide_call": Row(HideCall(), NO_ROOM, given=CALL),
    # notes
    "write_notes": Row(
        WriteNotes(0, (PARAGRAPH,)),
        Refused(Code.CLEARED_MEANWHILE, (), WriteNotes(7, (PARAGRAPH,))),
        not_by=None,
    ),
    "clear_notes": Row(ClearNotes(), NO_ROOM, given=NOTES),
    # timer
    "start_timer": Row(StartTimer(300), NOT_LIVE, again="anew"),
    "pause_timer": Row(PauseTimer(), Refused(Code.NO_TIMER, ()), given=TIMER),
    "resume_timer": Row(ResumeTimer(), Refused(Code.NO_TIMER, ()), given=(*TIMER, (TESS, PauseTimer()))),
    "add_time": Row(
        AddTime(60), Refused(Code.NOT_A_COUNTDOWN, ((TESS, StartTimer(None)),)), given=TIMER, again="anew"
    ),
    "stop_timer": Row(StopTimer(), NOT_LIVE, given=TIMER),
    # boards
    "create_board": Row(CreateBoard("Sketches"), NO_ROOM, again="anew"),
    "rename_board": Row(
        lambda r: RenameBoard(board(r), "Proof"),
        Refused(Code.NO_SUCH_BOARD, (), RenameBoard(BoardId("gone"), "Proof")),
        given=BOARD,
    ),
    "delete_board": Row(
        lambda r: DeleteBoard(board(r)),
        Refused(Code.NO_SUCH_BOARD, (), DeleteBoard(BoardId("gone"))),
        given=BOARD,
        again=Code.NO_SUCH_BOARD,
    ),
    "add_board_page": Row(
        lambda r: AddBoardPage(board(r)),
        Refused(Code.NO_SUCH_BOARD, (), AddBoardPage(BoardId("gone"))),
        given=BOARD,
        again="anew",
    ),
    "remove_board_page": Row(
        lambda r: RemoveBoardPage(board(r), page(r)),
        Refused(Code.LAST_PAGE, BOARD),
        given=PAGES,
        again=Code.NO_SUCH_PAGE,
    ),
    "show_board": Row(
        lambda r: ShowBoard(board(r)),
        Refused(Code.NO_SUCH_BOARD, (), ShowBoard(BoardId("gone"))),
        given=BOARD,
    ),
    "hide_board": Row(HideBoard(), NO_ROOM, given=SHOWN),
    "allow_drawing": Row(
        lambda r: AllowDrawing(board(r), "staff"),
        Refused(Code.NO_SUCH_BOARD, (), AllowDrawing(BoardId("gone"), "staff")),
        given=BOARD,
    ),
    "draw": Row(
        drawing,
        Refused(Code.CLEARED_MEANWHILE, BOARD, lambda r: replace(drawing(r), generation=7)),
        by=SAM,
        not_by=None,
        given=BOARD,
    ),
    "clear_page": Row(
        lambda r: ClearPage(board(r), page(r)),
        Refused(Code.NO_SUCH_BOARD, (), ClearPage(BoardId("gone"), PageId("1"))),
        given=DRAWN,
    ),
    "clear_mine": Row(
        lambda r: ClearMine(board(r), page(r)),
        Refused(Code.NO_SUCH_BOARD, (), ClearMine(BoardId("gone"), PageId("1"))),
        by=SAM,
        not_by=None,
        given=DRAWN,
    ),
    # files
    "add_file": Row(FILE, Refused(Code.FORBIDDEN, OVER), by=SERVICE),
    "rename_file": Row(
        RenameFile(FileId("f1"), "b.pdf"),
        Refused(Code.NO_SUCH_FILE, ()),
        not_by=VERA,
        given=((SERVICE, FILE),),
    ),
    "remove_file": Row(
        RemoveFile(FileId("f1")),
        Refused(Code.NO_SUCH_FILE, ()),
        not_by=VERA,
        given=((SERVICE, FILE),),
        again=Code.NO_SUCH_FILE,
    ),
    # breakout rooms
    "plan_breakouts": Row(PlanBreakouts((GroupPlan("Red"),)), Refused(Code.BREAKOUTS_OPEN, OPEN)),
    "plan_by_number": Row(PlanByNumber(2), Refused(Code.BREAKOUTS_OPEN, OPEN)),
    "plan_at_random": Row(PlanAtRandom(groups=2, seed="s"), Refused(Code.BREAKOUTS_OPEN, OPEN)),
    "plan_like_last_time": Row(
        PlanLikeLastTime(), Refused(Code.BREAKOUTS_OPEN, OPEN), given=(*CLOSING, (TESS, PlanBreakouts(())))
    ),
    "move_participant": Row(
        lambda r: MoveParticipant(who(VERA), group(r)),
        Refused(Code.NO_SUCH_GROUP, (), MoveParticipant(who(VERA), GroupId("gone"))),
        given=GROUPS,
    ),
    "open_breakouts": Row(
        OpenBreakouts(10), Refused(Code.BREAKOUTS_OPEN, OPEN), given=GROUPS, again=Code.BREAKOUTS_OPEN
    ),
    "choose_breakout": Row(
        lambda r: ChooseBreakout(r.state.breakouts.groups[1].id),
        Refused(Code.BREAKOUTS_NOT_OPEN, GROUPS),
        by=SAM,
        not_by=None,
        given=FREE,
    ),
    "leave_breakout": Row(LeaveBreakout(), NO_ROOM, by=SAM, not_by=None, given=FREE),
    "broadcast_to_breakouts": Row(
        BroadcastToBreakouts("Five minutes."), Refused(Code.BREAKOUTS_NOT_OPEN, ()), given=OPEN, again="anew"
    ),
    "extend_breakouts": Row(
        ExtendBreakouts(5), Refused(Code.BREAKOUTS_NOT_OPEN, ()), given=OPEN, again="anew"
    ),
    "close_breakouts": Row(CloseBreakouts(0), NO_ROOM, given=OPEN),
    "call_for_help": Row(CallForHelp(), Refused(Code.NOT_A_BREAKOUT, ()), by=SAM, not_by=None, given=CHILD),
    "withdraw_help": Row(
        WithdrawHelp(),
        Refused(Code.NOT_A_BREAKOUT, ()),
        by=SAM,
        not_by=None,
        given=(*CHILD, (SAM, CallForHelp())),
    ),
    "answer_help": Row(
        lambda r: AnswerHelp(group(r)),
        Refused(Code.BREAKOUTS_NOT_OPEN, GROUPS),
        given=(*OPEN, (SERVICE, child_help)),
    ),
    "visit_breakout": Row(
        lambda r: VisitBreakout(group(r)), Refused(Code.BREAKOUTS_NOT_OPEN, GROUPS), given=OPEN
    ),
    "speak_to_all": Row(SpeakToAll(), Refused(Code.BREAKOUTS_NOT_OPEN, ()), given=OPEN),
    "stop_speaking_to_all": Row(StopSpeakingToAll(), NO_ROOM, given=(*OPEN, (TESS, SpeakToAll()))),
    "direct_breakout": Row(directed(), Refused(Code.BREAKOUTS_OPEN, OPEN), by=SERVICE, given=OVER),
    "end_breakout": Row(
        EndBreakout(OpeningId("o1")), Refused(Code.NOT_A_BREAKOUT, ()), by=SERVICE, given=CHILD
    ),
    "report_breakout": Row(
        child_help,
        Refused(Code.BREAKOUTS_NOT_OPEN, (), ReportBreakout(OpeningId("o"), GroupId("g"))),
        by=SERVICE,
        given=OPEN,
    ),
    "confirm_closed": Row(
        lambda r: ConfirmClosed(tuple(c.room for c in r.state.breakouts.closing)),
        NO_ROOM,
        by=SERVICE,
        given=CLOSING,
    ),
    # recording
    "start_recording": Row(StartRecording(), NOT_LIVE, again=Code.ALREADY_RECORDING),
    "stop_recording": Row(
        StopRecording(), Refused(Code.NOT_RECORDING, ()), given=RECORDING, again=Code.NOT_RECORDING
    ),
    "pause_recording": Row(PauseRecording(), Refused(Code.NOT_RECORDING, ()), given=RECORDING),
    "resume_recording": Row(
        ResumeRecording(), Refused(Code.NOT_RECORDING, ()), given=(*RECORDING, (TESS, PauseRecording()))
    ),
    "rename_recording": Row(
        lambda r: RenameRecording(recording(r), "Vectors"),
        Refused(Code.NO_SUCH_RECORDING, (), RenameRecording(RecordingId("gone"), "Vectors")),
        given=RECORDED,
    ),
    "set_retention": Row(
        lambda r: SetRetention(recording(r), START + 90 * MINUTE),
        Refused(Code.NO_SUCH_RECORDING, (), SetRetention(RecordingId("gone"), 0)),
        given=RECORDED,
    ),
    "delete_recording": Row(
        lambda r: DeleteRecording(recording(r)),
        Refused(Code.NO_SUCH_RECORDING, (), DeleteRecording(RecordingId("gone"))),
        given=RECORDED,
    ),
    "agree_to_recording": Row(
        lambda r: AgreeToRecording(recording(r)),
        Refused(Code.NO_SUCH_RECORDING, RECORDED),
        by=SAM,
        not_by=None,
        given=RECORDING,
    ),
    "decline_recording": Row(
        lambda r: DeclineRecording(recording(r)),
        Refused(Code.NO_SUCH_RECORDING, RECORDED),
        by=SAM,
        not_by=None,
        given=RECORDING,
    ),
    "leave_out": Row(LeaveOut(who(SAM)), Refused(Code.NOT_RECORDING, ()), not_by=VERA, given=RECORDING),
    "take_in": Row(
        TakeIn(who(SAM)),
        Refused(Code.NOT_RECORDING, ()),
        not_by=VERA,
        given=(*RECORDING, (TESS, LeaveOut(who(SAM)))),
    ),
    "report_step": Row(
        report,
        Refused(Code.NO_SUCH_RECORDING, (), ReportStep(RecordingId("gone"), "capture", "started")),
        by=SERVICE,
        given=RECORDED,
    ),
    "add_artifact": Row(
        lambda r: AddArtifact(recording(r), FILM),
        Refused(Code.NO_SUCH_RECORDING, (), AddArtifact(RecordingId("gone"), FILM)),
        by=SERVICE,
        given=WORKING,
    ),
    "complete_recording": Row(
        lambda r: CompleteRecording(recording(r), 1_000),
        Refused(Code.NO_SUCH_RECORDING, (), CompleteRecording(RecordingId("gone"), 1_000)),
        by=SERVICE,
        given=WORKING,
    ),
    "report_erased": Row(lambda r: ReportErased(recording(r)), NO_ROOM, by=SERVICE, given=ERASED),
    "redact": Row(
        lambda r: Redact("message", message=message(r)),
        Refused(Code.NO_SUCH_RECORDING, (), Redact("span", recording=RecordingId("gone"), until_ms=1)),
        not_by=CORA,
        given=POSTED,
        again="anew",  # Whether a message is there no rule can know: old ones have left the state.
    ),
    # media
    "place_room": Row(PlaceRoom(NodeId("node-2")), NOT_LIVE, by=SERVICE),
    "report_quality": Row(
        ReportQuality(who(SAM), SessionId("s"), 1, 12),
        Refused(Code.STALE_EPOCH, (), ReportQuality(who(SAM), SessionId("s"), 9, 12)),
        by=SERVICE,
        again="anew",
    ),
    "lose_node": Row(LoseNode(NODE), NO_ROOM, by=SERVICE),
    "deadline_passed": Row(
        lambda r: DeadlinePassed(next_deadline(r.state) or 0),
        NO_ROOM,
        by=SERVICE,
        given=((TESS, StartTimer(5)),),
    ),
}


# --- the claims ----------------------------------------------------------------------------------
def after(given: tuple[Wish, ...]) -> Class:
    """The lesson after these wishes, all of which were granted."""
    room = lesson()
    for actor, wanted in given:
        room.facts(actor, made(room, wanted))
    return room


def made(room: Class, wanted: Wanted) -> Command:
    """The wish, about what is there."""
    return wanted if isinstance(wanted, Command) else wanted(room)


def given_room(name: str) -> Class:
    """Where the row's command can be wished for."""
    return Class() if name == "create_room" else after(ROWS[name].given)


def answer_to(room: Class, actor: Actor, command: Command, command_id: str | None = None) -> Code | str:
    """In the words of ``Row.again``."""
    outcome = room.ask(actor, command, command_id)
    return outcome if isinstance(outcome, Code) else "anew" if outcome else "nothing"


def test_every_command_has_its_row() -> None:
    assert set(ROWS) == set(COMMANDS)


def test_every_event_has_its_audience() -> None:
    assert set(AUDIENCES) == set(EVENTS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_who_may_succeeds_once_and_is_answered_the_same_again(name: str) -> None:
    row, room = ROWS[name], given_room(name)
    command = made(room, row.command)
    assert type(command).name == name
    sent = envelope(row.by, command, "once", room.now)
    alias = room.alias(row.by, command)
    assert recall(room.state, sent, alias) is None
    assert answer_to(room, row.by, command, "once") == "anew"
    assert recall(room.state, sent, alias) == room.state.seq, "the retry is answered, not carried out"
    assert room.log[-1].actor == author(sent, alias)
    assert answer_to(room, row.by, command) == row.again, "the same wish, made anew"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_who_may_not_is_refused(name: str) -> None:
    """Or anybody may, and then nobody can do it for others: the command names no other person."""
    row, room = ROWS[name], given_room(name)
    command = made(room, row.command)
    if issubclass(COMMANDS[name], SERVICE_COMMANDS):
        assert room.refusal(TESS, command) == Code.FORBIDDEN
    elif row.not_by is None:
        assert "participant" not in type(command).__struct_fields__
    else:
        assert room.refusal(row.not_by, command) == row.refused


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_state_that_cannot_bear_it_refuses(name: str) -> None:
    row = ROWS[name]
    if row.state is NO_ROOM:
        command = made(given_room(name), row.command)
        outcome = decide(initial(KEY), envelope(row.by, command), START)
        assert isinstance(outcome, Rejection)
        assert outcome.code == Code.NO_SUCH_ROOM
        return
    room = after(row.given if row.state.given is None else row.state.given)
    wanted = row.command if row.state.command is None else row.state.command
    assert room.refusal(row.state.by or row.by, made(room, wanted)) == row.state.code
