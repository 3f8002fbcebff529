"""A machine that asks whatever comes to its mind, beside a naive model: a few sets and dictionaries.

The model says in the plainest words what each wish means once it was granted, and who can never be
granted what. It was written from what teachers expect, not from the rules; after every step the room and
the model must agree. Raise ``CLASSWIRE_MACHINE`` to try more stories than in a usual run.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.breakouts import GroupPlan
from schemas.commands import Command
from schemas.commands.boards import ClearPage, CreateBoard, DeleteBoard, Draw, HideBoard, ShowBoard
from schemas.commands.breakouts import CloseBreakouts, ConfirmClosed, OpenBreakouts, PlanBreakouts
from schemas.commands.chat import DeleteMessage, PinMessage, PostMessage, UnpinMessage
from schemas.commands.files import AddFile, RemoveFile
from schemas.commands.floor import (
    GiveFloor,
    LowerAllHands,
    LowerHand,
    NextHand,
    RaiseHand,
    Spotlight,
    TakeFloor,
)
from schemas.commands.lifecycle import ArchiveRoom, ChangeSettings, EndSession, RestoreRoom, StartSession
from schemas.commands.lobby import Admit, AdmitAll, Deny, LeaveLobby
from schemas.commands.media import PlaceRoom
from schemas.commands.notes import ClearNotes, ParagraphWish, WriteNotes
from schemas.commands.polls import (
    AnswerPoll,
    AskPoll,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    OpenPoll,
    PublishResults,
)
from schemas.commands.questions import AskQuestion, UpvoteQuestion, WithdrawQuestion, WithdrawVote
from schemas.commands.recording import PauseRecording, ResumeRecording, StartRecording, StopRecording
from schemas.commands.rights import LockPermission, UnlockPermission
from schemas.commands.roster import ChangeRole, JoinSession, LeaveSession, RemoveParticipant
from schemas.commands.studio import AddDeck, HideDeck, RemoveDeck, ShowDeck, TurnPage
from schemas.commands.timer import PauseTimer, ResumeTimer, StartTimer, StopTimer
from schemas.commands.tracks import CloseTrack, MuteAll, MuteTrack, UnmuteTrack
from schemas.envelope import Actor
from schemas.events import EventData
from schemas.ids import (
    BoardId,
    DeckId,
    FileId,
    MessageId,
    PageId,
    ParagraphId,
    ParticipantId,
    PollId,
    QuestionId,
    TrackId,
)
from schemas.media import Role, Source
from schemas.permissions import Permission
from schemas.polls import Answer, PollItem
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    NODE,
    SAM,
    SECOND,
    SERVICE,
    TESS,
    VERA,
    Class,
    publishing,
    who,
)
from tests.wishes.boards import element

ITEM = PollItem("single", "2 + 2?", ("3", "4"))
STORIES = int(os.environ.get("CLASSWIRE_MACHINE", "75"))
STEPS = 60
LOCKS = (Permission.SPEAK, Permission.CHAT, Permission.RAISE_HAND, Permission.VOTE)
PEOPLE = (TESS, CORA, SAM, VERA, GUS)
NAMES = {who(actor): actor for actor in PEOPLE}
people = st.sampled_from((TESS, TESS, TESS, *PEOPLE))  # Who teaches asks most.
some = st.integers(0, 3)
"""Which of those that are there."""


@dataclass
class Naive:
    """What somebody in the room would tell you."""

    live: bool = False
    archived: bool = False
    lobby: str = "off"
    roles: dict[ParticipantId, str] = field(default_factory=dict)  # Of those inside.
    given: dict[ParticipantId, str] = field(default_factory=dict)  # In this class, also to those who left.
    removed: set[ParticipantId] = field(default_factory=set)
    waiting: list[ParticipantId] = field(default_factory=list)
    admitted: set[ParticipantId] = field(default_factory=set)
    denied: set[ParticipantId] = field(default_factory=set)
    hands: list[ParticipantId] = field(default_factory=list)
    turns: set[ParticipantId] = field(default_factory=set)
    light: list[ParticipantId] = field(default_factory=list)
    microphones: dict[ParticipantId, bool] = field(default_factory=dict)  # Whether it is muted.
    locks: set[Permission] = field(default_factory=set)
    messages: list[MessageId] = field(default_factory=list)
    authors: dict[MessageId, ParticipantId] = field(default_factory=dict)
    pinned: set[MessageId] = field(default_factory=set)
    questions: dict[QuestionId, ParticipantId] = field(default_factory=dict)
    votes: dict[QuestionId, set[ParticipantId]] = field(default_factory=dict)
    polls: dict[PollId, str] = field(default_factory=dict)
    answers: dict[PollId, dict[ParticipantId, int]] = field(default_factory=dict)
    decks: dict[DeckId, int] = field(default_factory=dict)
    shown: DeckId | None = None
    boards: dict[BoardId, set[str]] = field(default_factory=dict)
    board: BoardId | None = None
    notes: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    timer: str = "none"
    files: set[FileId] = field(default_factory=set)
    recording: str = "none"
    groups: int = 0
    breakouts: bool = False

    def is_staff(self, person: Actor) -> bool:
        """Inside by role; outside by what they are in this room."""
        mine = who(person)
        role = (
            self.roles.get(mine)
            or self.given.get(mine)
            or {TESS.id: "host", CORA.id: "co_host"}.get(person.id)
        )
        return role in ("host", "co_host")

    def leave(self, person: ParticipantId) -> None:
        """Whoever is out holds nothing any more."""
        self.roles.pop(person, None)
        self.hands = [each for each in self.hands if each != person]
        self.turns.discard(person)
        self.light = [each for each in self.light if each != person]
        self.microphones.pop(person, None)

    def hush(self) -> None:
        """Nobody keeps a microphone who may not speak."""
        for person in list(self.microphones):
            if not self.may_speak(person):
                del self.microphones[person]

    def may_speak(self, person: ParticipantId) -> bool:
        """Staff always; with the floor; else who is no viewer while it is not locked."""
        role = self.roles[person]
        if person in self.turns or role in ("host", "co_host"):
            return True
        return role == "speaker" and Permission.SPEAK not in self.locks

    def end(self) -> None:
        """What belongs to the class goes with it."""
        for person in list(self.roles):
            self.leave(person)
        self.live, self.recording, self.breakouts, self.timer = False, "none", False, "none"
        for kept in (self.given, self.removed, self.waiting, self.admitted, self.denied, self.locks):
            kept.clear()
        self.questions.clear()
        self.votes.clear()
        self.polls = {poll: "closed" if status == "open" else status for poll, status in self.polls.items()}


class Room(RuleBasedStateMachine):
    """The rules and the model, asked the same."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Class().live(*PEOPLE)
        roles = {who(person): "host" if person is TESS else "speaker" for person in PEOPLE}
        self.naive = Naive(live=True, roles=roles)
        self.paragraphs = 0

    def ask(self, person: Actor, command: Command, *, staff: bool = False) -> tuple[EventData, ...] | None:
        """The facts, or None if it was refused: then nothing has changed. ``staff``: no other may."""
        before = self.room.state
        outcome = self.room.ask(person, command)
        if isinstance(outcome, Code):
            assert self.room.state is before
            return None
        assert not staff or self.naive.is_staff(person), f"{person.id} may not {command}"
        assert isinstance(outcome, tuple)
        return outcome

    def inside(self, person: Actor, command: Command) -> bool:
        """Whether it was granted, which needs that this person is in the class."""
        granted = self.ask(person, command) is not None
        assert not granted or who(person) in self.naive.roles, f"{person.id} is not there for {command}"
        return granted

    # --- the class -------------------------------------------------------------------------------
    @rule(person=people)
    def start(self, person: Actor) -> None:
        if self.ask(person, StartSession(), staff=True) is not None:
            assert not self.naive.live
            self.naive.live = True
            self.room.facts(SERVICE, PlaceRoom(NODE))

    @rule(person=st.sampled_from((TESS, SAM, SAM, VERA)), sure=some)
    def end(self, person: Actor, sure: int) -> None:
        if sure == 0 and self.ask(person, EndSession(), staff=True) is not None:
            assert self.naive.live
            self.naive.end()

    @rule(person=people)
    def archive(self, person: Actor) -> None:
        for command, archived in ((ArchiveRoom(), True), (RestoreRoom(), False)):
            if self.ask(person, command, staff=True) is not None:
                self.naive.archived = archived

    @rule(person=people, lobby=st.sampled_from(("off", "off", "guests", "everyone")))
    def open_the_door(self, person: Actor, lobby: str) -> None:
        change = ChangeSettings(RoomSettings(lobby=lobby))  # type: ignore[arg-type]  # One of the three.
        if self.ask(person, change, staff=True) is not None:
            self.naive.lobby = lobby
            for waiting in list(self.naive.waiting):
                if lobby == "off" or (lobby == "guests" and waiting != who(GUS)):
                    self._lets_in(waiting)

    def _lets_in(self, person: ParticipantId) -> None:
        naive = self.naive
        naive.admitted.add(person)
        naive.denied.discard(person)
        if person in naive.waiting:
            naive.waiting.remove(person)
            naive.roles[person] = naive.given.get(person) or "speaker"

    @rule(person=people)
    def come(self, person: Actor) -> None:
        naive, mine = self.naive, who(person)
        if self.ask(person, JoinSession(person.display_name)) is None:
            return
        assert naive.live
        if mine in naive.roles:
            return
        assert mine not in naive.removed
        knocks = naive.lobby == "everyone" or (naive.lobby == "guests" and person is GUS)
        if knocks and not naive.is_staff(person) and mine not in naive.admitted:
            if mine not in naive.waiting:
                naive.waiting.append(mine)
        else:
            assert mine not in naive.denied
            naive.roles[mine] = naive.given.get(mine) or ("host" if person is TESS else "speaker")

    @rule(person=people)
    def go(self, person: Actor) -> None:
        if self.ask(person, LeaveSession()) is not None:
            self.naive.leave(who(person))
        if self.ask(person, LeaveLobby()) is not None and who(person) in self.naive.waiting:
            self.naive.waiting.remove(who(person))

    @rule(person=people, whom=people, ban=st.booleans())
    def send_out(self, person: Actor, whom: Actor, ban: bool) -> None:
        if self.ask(person, RemoveParticipant(who(whom), ban), staff=True) is not None:
            assert whom is not TESS
            self.naive.leave(who(whom))
            if ban:
                self.naive.removed.add(who(whom))
                self.naive.admitted.discard(who(whom))

    @rule(person=people, whom=people, role=st.sampled_from((Role.CO_HOST, Role.SPEAKER, Role.VIEWER)))
    def give_a_role(self, person: Actor, whom: Actor, role: Role) -> None:
        if self.ask(person, ChangeRole(who(whom), role), staff=True) is not None:
            self.naive.roles[who(whom)] = self.naive.given[who(whom)] = str(role.value)
            self.naive.hush()

    @rule(person=people, whom=people)
    def answer_the_door(self, person: Actor, whom: Actor) -> None:
        if self.ask(person, Admit((who(whom),)), staff=True) is not None:
            self._lets_in(who(whom))

    @rule(person=people)
    def answer_all(self, person: Actor) -> None:
        if self.ask(person, AdmitAll(), staff=True) is not None:
            for waiting in list(self.naive.waiting):
                self._lets_in(waiting)

    @rule(person=people, whom=people)
    def deny(self, person: Actor, whom: Actor) -> None:
        if self.ask(person, Deny((who(whom),)), staff=True) is not None and who(whom) in self.naive.waiting:
            self.naive.waiting.remove(who(whom))
            self.naive.denied.add(who(whom))

    @rule(person=people, lock=st.sampled_from(LOCKS))
    def lock(self, person: Actor, lock: Permission) -> None:
        if self.ask(person, LockPermission(lock), staff=True) is not None:
            self.naive.locks.add(lock)
            self.naive.hush()

    @rule(person=people, lock=st.sampled_from(LOCKS))
    def unlock(self, person: Actor, lock: Permission) -> None:
        if self.ask(person, UnlockPermission(lock), staff=True) is not None:
            self.naive.locks.discard(lock)

    # --- the floor -------------------------------------------------------------------------------
    @rule(person=people)
    def raise_hand(self, person: Actor) -> None:
        if self.inside(person, RaiseHand()) and who(person) not in self.naive.hands:
            assert self.naive.is_staff(person) or Permission.RAISE_HAND not in self.naive.locks
            self.naive.hands.append(who(person))

    @rule(person=people, whom=people)
    def lower_hand(self, person: Actor, whom: Actor) -> None:
        if self.ask(person, LowerHand(who(whom)), staff=person is not whom) is not None:
            self.naive.hands = [each for each in self.naive.hands if each != who(whom)]

    @rule(person=people, sure=some)
    def lower_all(self, person: Actor, sure: int) -> None:
        if sure == 0 and self.ask(person, LowerAllHands(), staff=True) is not None:
            self.naive.hands.clear()

    @rule(person=people)
    def next_hand(self, person: Actor) -> None:
        if self.ask(person, NextHand(), staff=True) is not None:
            self.naive.turns.add(self.naive.hands.pop(0))

    @rule(person=people, whom=people)
    def give_turn(self, person: Actor, whom: Actor) -> None:
        if self.ask(person, GiveFloor(who(whom)), staff=True) is not None:
            self.naive.turns.add(who(whom))
            self.naive.hands = [each for each in self.naive.hands if each != who(whom)]

    @rule(person=people, whom=people)
    def take_turn(self, person: Actor, whom: Actor) -> None:
        naive, them = self.naive, who(whom)
        if self.ask(person, TakeFloor(them), staff=person is not whom) is None or them not in naive.turns:
            return
        naive.turns.discard(them)
        naive.hush()
        if them in naive.microphones and them != who(TESS):
            naive.microphones[them] = True

    @rule(person=people, whom=st.lists(people, max_size=2, unique_by=lambda actor: actor.id))
    def light(self, person: Actor, whom: list[Actor]) -> None:
        lit = [who(each) for each in whom]
        if self.ask(person, Spotlight(tuple(lit)), staff=True) is not None:
            self.naive.light = lit

    @rule(person=people)
    def switch_on(self, person: Actor) -> None:
        track = publishing(person, Source.MICROPHONE, self.room.state.placement.epoch or 1)
        if self.ask(SERVICE, track) is not None:
            assert self.naive.may_speak(who(person))
            self.naive.microphones.setdefault(who(person), False)

    @rule(person=people, whom=people, mute=st.booleans())
    def press(self, person: Actor, whom: Actor, mute: bool) -> None:
        track = TrackId(f"{whom.id}-{Source.MICROPHONE}")
        command = MuteTrack(track) if mute else UnmuteTrack(track)
        if self.ask(person, command, staff=mute and person is not whom) is not None:
            assert mute or person is whom, "nobody opens another's microphone"
            self.naive.microphones[who(whom)] = mute

    @rule(person=people, whom=people)
    def switch_off(self, person: Actor, whom: Actor) -> None:
        track = CloseTrack(TrackId(f"{whom.id}-{Source.MICROPHONE}"))
        if self.ask(person, track, staff=person is not whom) is not None:
            del self.naive.microphones[who(whom)]

    @rule(person=people)
    def mute_all(self, person: Actor) -> None:
        naive = self.naive
        if self.ask(person, MuteAll(), staff=True) is not None:
            for each in naive.microphones:
                if naive.roles[each] not in ("host", "co_host"):
                    naive.microphones[each] = True

    # --- words -----------------------------------------------------------------------------------
    @rule(person=people)
    def write(self, person: Actor) -> None:
        facts = self.ask(person, PostMessage("Hello"))
        if facts is not None:
            assert who(person) in self.naive.roles
            assert self.naive.is_staff(person) or Permission.CHAT not in self.naive.locks
            self.naive.messages.append(facts[0].message)  # type: ignore[attr-defined]  # It was posted.
            self.naive.authors[self.naive.messages[-1]] = who(person)

    @rule(person=people, one=some, pin=st.booleans())
    def pin(self, person: Actor, one: int, pin: bool) -> None:
        message = self._one(self.naive.messages, one, "gone")
        command = PinMessage(MessageId(message)) if pin else UnpinMessage(MessageId(message))
        if self.ask(person, command, staff=True) is not None:
            (self.naive.pinned.add if pin else self.naive.pinned.discard)(MessageId(message))

    @rule(person=people, one=some)
    def take_back(self, person: Actor, one: int) -> None:
        message = MessageId(self._one(self.naive.messages, one, "gone"))
        is_own = self.naive.authors.get(message) == who(person)
        if self.ask(person, DeleteMessage(message), staff=not is_own) is not None:
            self.naive.messages.remove(message)
            self.naive.pinned.discard(message)

    @rule(person=people)
    def wonder(self, person: Actor) -> None:
        facts = self.ask(person, AskQuestion("Why?"))
        if facts is not None:
            question = facts[0].question  # type: ignore[attr-defined]  # It was asked.
            self.naive.questions[question] = who(person)
            self.naive.votes[question] = {who(person)}  # Who asks wants the answer.

    @rule(person=people, one=some, up=st.booleans())
    def vote(self, person: Actor, one: int, up: bool) -> None:
        question = QuestionId(self._one(list(self.naive.questions), one, "gone"))
        if self.inside(person, UpvoteQuestion(question) if up else WithdrawVote(question)):
            (self.naive.votes[question].add if up else self.naive.votes[question].discard)(who(person))

    @rule(person=people, one=some)
    def withdraw(self, person: Actor, one: int) -> None:
        question = QuestionId(self._one(list(self.naive.questions), one, "gone"))
        if self.ask(person, WithdrawQuestion(question)) is not None:
            assert self.naive.questions.pop(question) == who(person)
            del self.naive.votes[question]

    # --- polls -----------------------------------------------------------------------------------
    @rule(person=people, at_once=st.booleans())
    def prepare(self, person: Actor, at_once: bool) -> None:
        facts = self.ask(person, AskPoll((ITEM,)) if at_once else CreatePoll((ITEM,)), staff=True)
        if facts is not None:
            poll = facts[0].poll  # type: ignore[attr-defined]  # It was created.
            self.naive.polls[poll] = "open" if at_once else "draft"
            self.naive.answers[poll] = {}

    @rule(person=people, one=some, option=st.integers(0, 1))
    def answer(self, person: Actor, one: int, option: int) -> None:
        poll = PollId(self._one(list(self.naive.polls), one, "gone"))
        if self.inside(person, AnswerPoll(poll, (Answer((option,)),))):
            assert self.naive.polls[poll] == "open"
            assert self.naive.is_staff(person) or Permission.VOTE not in self.naive.locks
            self.naive.answers[poll][who(person)] = option

    @rule(person=people, one=some, step=st.sampled_from(("open", "closed", "published", "gone")))
    def go_on(self, person: Actor, one: int, step: str) -> None:
        poll = PollId(self._one(list(self.naive.polls), one, "gone"))
        steps = {"open": OpenPoll, "closed": ClosePoll, "published": PublishResults, "gone": DeletePoll}
        if self.ask(person, steps[step](poll), staff=True) is None:
            return
        if step == "gone":
            assert self.naive.polls.pop(poll) != "open"
        elif not (step == "closed" and self.naive.polls[poll] == "published"):
            self.naive.polls[poll] = step

    # --- the stage -------------------------------------------------------------------------------
    @rule(person=people)
    def add_slides(self, person: Actor) -> None:
        facts = self.ask(person, AddDeck("Waves", 3, FileId("f")), staff=True)
        if facts:
            self.naive.decks[facts[0].deck] = 1  # type: ignore[attr-defined]  # It was added.

    @rule(person=people, one=some, page=st.sampled_from((None, 1, 2, 3, 4)))
    def show_slides(self, person: Actor, one: int, page: int | None) -> None:
        deck = DeckId(self._one(list(self.naive.decks), one, "gone"))
        if self.ask(person, ShowDeck(deck, page), staff=True) is not None:
            self.naive.shown = deck
            self.naive.decks[deck] = page or self.naive.decks[deck]

    @rule(person=people, page=st.integers(1, 4))
    def turn(self, person: Actor, page: int) -> None:
        if self.ask(person, TurnPage(page), staff=True) is not None:
            assert self.naive.shown is not None
            assert page <= 3
            self.naive.decks[self.naive.shown] = page

    @rule(person=people, one=some)
    def take_slides(self, person: Actor, one: int) -> None:
        deck = DeckId(self._one(list(self.naive.decks), one, "gone"))
        if self.ask(person, HideDeck(), staff=True) is not None:
            self.naive.shown = None
        if self.ask(person, RemoveDeck(deck), staff=True) is not None:
            del self.naive.decks[deck]

    @rule(person=people)
    def add_board(self, person: Actor) -> None:
        facts = self.ask(person, CreateBoard("Sketches"), staff=True)
        if facts:
            self.naive.boards[facts[0].board] = set()  # type: ignore[attr-defined]  # It was created.

    @rule(person=people, one=some, what=st.sampled_from(("show", "hide", "delete")))
    def place_board(self, person: Actor, one: int, what: str) -> None:
        board = BoardId(self._one(list(self.naive.boards), one, "gone"))
        commands = {"show": ShowBoard(board), "hide": HideBoard(), "delete": DeleteBoard(board)}
        if self.ask(person, commands[what], staff=True) is None:
            return
        if what == "delete":
            del self.naive.boards[board]
        if what != "delete" or self.naive.board == board:
            self.naive.board = board if what == "show" else None

    @rule(person=people, one=some, name=st.sampled_from("abc"))
    def draw(self, person: Actor, one: int, name: str) -> None:
        board = BoardId(self._one(list(self.naive.boards), one, "gone"))
        known = self.room.state.boards.boards.get(board)
        page = next(iter(known.pages.values())) if known else None
        generation = page.generation if page else 0
        stroke = element(name, len(self.room.log), 5)
        if self.inside(person, Draw(board, page.id if page else PageId("1"), generation, (stroke,))):
            self.naive.boards[board].add(name)

    @rule(person=people, one=some)
    def wipe(self, person: Actor, one: int) -> None:
        board = BoardId(self._one(list(self.naive.boards), one, "gone"))
        known = self.room.state.boards.boards.get(board)
        page = next(iter(known.pages)) if known else PageId("1")
        if self.ask(person, ClearPage(board, page), staff=True) is not None:
            self.naive.boards[board].clear()

    @rule(person=people, name=st.sampled_from("abc"), text=st.sampled_from(("", "Energy", "Mass")))
    def note(self, person: Actor, name: str, text: str) -> None:
        self.paragraphs += 1
        paragraph = ParagraphWish(ParagraphId(name), self.paragraphs, 1, "a", text)
        if self.ask(person, WriteNotes(self.naive.generation, (paragraph,))) is not None:
            self.naive.notes[name] = text

    @rule(person=people)
    def clear_notes(self, person: Actor) -> None:
        if self.ask(person, ClearNotes(), staff=True):
            self.naive.notes.clear()
            self.naive.generation += 1

    @rule(person=people, what=st.sampled_from(("start", "pause", "resume", "stop")))
    def clock(self, person: Actor, what: str) -> None:
        commands = {
            "start": StartTimer(None),
            "pause": PauseTimer(),
            "resume": ResumeTimer(),
            "stop": StopTimer(),
        }
        if self.ask(person, commands[what], staff=True) is not None:
            says = {"start": "runs", "pause": "paused", "resume": "runs", "stop": "none"}
            self.naive.timer = says[what]

    # --- files, groups, recording ----------------------------------------------------------------
    @rule(person=people, name=st.sampled_from("abc"))
    def upload(self, person: Actor, name: str) -> None:
        size = ("a.pdf", 9, "application/pdf", "0" * 64, "library", True, who(person), "P")
        if self.ask(SERVICE, AddFile(FileId(name), *size)) is not None:  # type: ignore[arg-type]
            self.naive.files.add(FileId(name))

    @rule(person=people, name=st.sampled_from("abc"))
    def throw_away(self, person: Actor, name: str) -> None:
        if self.ask(person, RemoveFile(FileId(name))) is not None:
            self.naive.files.remove(FileId(name))

    @rule(person=people, what=st.sampled_from(("plan", "open", "close")))
    def split(self, person: Actor, what: str) -> None:
        plan = PlanBreakouts((GroupPlan("Red"), GroupPlan("Blue")))
        commands = {"plan": plan, "open": OpenBreakouts(), "close": CloseBreakouts(0)}
        if self.ask(person, commands[what], staff=True) is None:
            return
        if what == "plan":
            assert not self.naive.breakouts
            self.naive.groups = 2
        else:
            self.naive.breakouts = what == "open"
        closing = tuple(child.room for child in self.room.state.breakouts.closing)
        self.room.facts(SERVICE, ConfirmClosed(closing))

    @rule(person=people, what=st.sampled_from(("start", "pause", "resume", "stop")))
    def record(self, person: Actor, what: str) -> None:
        ways = {
            "start": StartRecording,
            "pause": PauseRecording,
            "resume": ResumeRecording,
            "stop": StopRecording,
        }
        if self.ask(person, ways[what](), staff=True) is not None:
            says = {"start": "recording", "pause": "paused", "resume": "recording", "stop": "none"}
            self.naive.recording = says[what]

    @rule(seconds=st.integers(0, 5))
    def wait(self, seconds: int) -> None:
        self.room.now += seconds * SECOND

    @staticmethod
    def _one(known: Sequence[str], one: int, otherwise: str) -> str:
        """One of the latest."""
        return known[-1 - one % min(len(known), 4)] if known else otherwise

    # --- what must agree -------------------------------------------------------------------------
    @invariant()
    def the_class_agrees(self) -> None:
        state, naive = self.room.state, self.naive
        assert (state.live is not None, state.archived) == (naive.live, naive.archived)
        assert {p.id: p.role.value for p in state.participants.values()} == naive.roles
        assert set(state.removed) == naive.removed
        assert list(state.lobby.waiting) == naive.waiting
        assert set(state.rights.locks) == naive.locks

    @invariant()
    def the_floor_agrees(self) -> None:
        state, naive = self.room.state, self.naive
        assert [hand.participant for hand in state.hands] == naive.hands
        assert set(state.floor.speaking) == naive.turns
        assert list(state.floor.spotlight) == naive.light
        assert {track.participant: track.muted for track in state.tracks.values()} == naive.microphones

    @invariant()
    def the_words_agree(self) -> None:
        state, naive = self.room.state, self.naive
        assert [message.id for message in state.messages] == naive.messages
        assert {message.id for message in state.messages if message.pinned} == naive.pinned
        known = state.questions
        assert {q.id: q.participant for q in known.open} == naive.questions
        voted = {q.id: {p for p in NAMES if known.has_voted(q, p)} for q in known.open}
        assert voted == naive.votes
        assert {
            poll.id: "published" if poll.published else poll.status for poll in state.polls.polls
        } == naive.polls
        for poll in state.polls.open:
            assert {p: sheet[0] for p, sheet in poll.sheets.items()}.keys() == naive.answers[poll.id].keys()
            assert poll.answered == len(naive.answers[poll.id])

    @invariant()
    def the_stage_agrees(self) -> None:
        state, naive = self.room.state, self.naive
        assert {deck.id: deck.page for deck in state.studio.decks.values()} == naive.decks
        assert state.studio.shown == naive.shown
        boards = state.boards
        drawn = {
            b: {str(e) for p in board.pages for e in boards.marks.get(f"{b}/{p}", {})}
            for b, board in boards.boards.items()
            if not board.deck_pages
        }
        assert drawn == naive.boards
        assert (boards.shown.board if boards.shown else None) == naive.board
        assert {p.id: p.text for p in state.notes.paragraphs.values()} == naive.notes
        clock = state.timer.clock
        assert ("none" if clock is None else "runs" if clock.shows_ms is None else "paused") == naive.timer

    @invariant()
    def the_rest_agrees(self) -> None:
        state, naive = self.room.state, self.naive
        assert {file.id for file in state.files.files} == naive.files
        assert len(state.breakouts.groups) == naive.groups
        assert (state.breakouts.opening is not None) == naive.breakouts
        assert (state.recording.status if state.recording else "none") == naive.recording


TestRoom = Room.TestCase
TestRoom.settings = settings(
    max_examples=STORIES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
