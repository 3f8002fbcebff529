"""Courses of a tenant, and who takes part in them.

Teachers and administrators make courses and see all of the tenant; who made a course, its teachers and
administrators change it. Everybody else sees the courses in which they take part. Guests see none. Every
change is a fact on AUDIT.
"""

from typing import Annotated, Literal

import asyncpg
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.conditions import expected_version, precondition_failed, version_tag
from edge.cursors import Cursor, Limit, cursor_of, position_of
from edge.http.arrivals import note
from edge.parts import Parts
from edge.problems import Problem, forbidden, not_found
from edge.queries import sql
from edge.tokens import Access
from schemas.commands.common import Title
from schemas.ids import CommandId, CourseId, UserId, derived_id
from schemas.limits import (
    COURSE_DESCRIPTION_CHARS_MAX,
    COURSES_PER_TENANT_MAX,
    ENROLMENTS_PER_COURSE_MAX,
)

Description = Annotated[str, Meta(max_length=COURSE_DESCRIPTION_CHARS_MAX)]
CourseRole = Literal["teacher", "assistant", "learner"]


class Course(Struct, frozen=True):
    """A course. ``version`` counts its changes and those of its people, and its ETag names it; ``enrolled``
    is how many they are."""

    id: CourseId
    title: str
    description: str
    version: int
    archived_at: int | None
    created_by: str
    created_at: int
    enrolled: int


class Courses(Struct, frozen=True):
    """A page of courses, the latest first; ``cursor`` asks for the next one."""

    courses: tuple[Course, ...]
    cursor: str | None


class NewCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """What a course is made of."""

    title: Title
    description: Description = ""


class CourseChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is None stays."""

    title: Title | None = None
    description: Description | None = None
    archived: bool | None = None


class Enrolment(Struct, frozen=True):
    """Somebody who takes part in a course."""

    user: UserId
    display_name: str
    role: CourseRole
    enrolled_by: str
    enrolled_at: int


class Enrolments(Struct, frozen=True):
    """A page of people, in order of their ids; ``cursor`` asks for the next one."""

    enrolments: tuple[Enrolment, ...]
    cursor: str | None


class Enrol(Struct, frozen=True, forbid_unknown_fields=True):
    """As what somebody takes part."""

    role: CourseRole = "learner"


# --- courses -------------------------------------------------------------------------------------
@get("/courses")
async def list_courses(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
    archived: FromQuery[bool] = False,
) -> Courses:
    """The courses that the asker may see, those in use or those archived."""
    parts, person = parts_of(request), access.person
    own = None if _teaches(access) else person.id
    name = f"courses {archived}"
    at, id_ = position_of(parts, name, person.tenant, cursor) or (None, None)
    rows = await parts.pool.fetch(sql("courses"), person.tenant, archived, own, at, id_, limit + 1)
    found = tuple(Course(**dict(row)) for row in rows[:limit])
    is_last = len(rows) <= limit
    position = None if is_last else (found[-1].created_at, found[-1].id)
    return Courses(found, position and cursor_of(parts, name, person.tenant, position))


@post("/courses", guards=[require_csrf])
async def create_course(request: HttpRequest, access: Caller, data: JSONBody[NewCourse]) -> Response[Course]:
    """Makes a course; its maker may change it."""
    parts, person = parts_of(request), access.person
    if not _teaches(access):
        raise forbidden()

    async def act(command_id: CommandId) -> Answer:
        course = derived_id("c", person.tenant, person.id, command_id)
        async with parts.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_tenant"), person.tenant)
            known = await connection.fetchrow(sql("course"), person.tenant, course)
            count = await connection.fetchval(sql("count_courses"), person.tenant)
            if known is None and count >= COURSES_PER_TENANT_MAX:
                raise Problem(409, "limit_reached", "There are too many courses. Archive one first.")
            await connection.execute(
                sql("add_course"),
                course,
                person.tenant,
                data.title,
                data.description,
                person.id,
                parts.clock(),
            )
        await note(request, access, "course.created", about=course)
        return Answer(201, await _find(parts, access, course))

    return await once(request, act)


@get("/courses/{course:str}")
async def get_course(request: HttpRequest, access: Caller, course: FromPath[str]) -> Response[Course]:
    """One of them."""
    return _tagged(await _find(parts_of(request), access, course))


@patch("/courses/{course:str}", guards=[require_csrf])
async def change_course(
    request: HttpRequest, access: Caller, course: FromPath[str], data: JSONBody[CourseChange]
) -> Response[Course]:
    """Changes a course, archives it, or takes it into use again; with If-Match only as it was seen."""
    parts = parts_of(request)
    await _require_teacher(parts, access, course)
    changed = await parts.pool.fetchval(
        sql("change_course"),
        access.person.tenant,
        course,
        expected_version(request),
        data.title,
        data.description,
        data.archived,
        parts.clock(),
    )
    if changed is None:
        raise precondition_failed()
    await note(request, access, "course.changed", about=course)
    return _tagged(await _find(parts, access, course))


# --- who takes part ------------------------------------------------------------------------------
@get("/courses/{course:str}/enrolments")
async def list_enrolments(
    request: HttpRequest,
    access: Caller,
    course: FromPath[str],
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Enrolments:
    """Who takes part in a course, for those who may change it."""
    parts, tenant = parts_of(request), access.person.tenant
    await _require_teacher(parts, access, course)
    name = f"enrolments {course}"
    (after,) = position_of(parts, name, tenant, cursor) or (None,)
    rows = await parts.pool.fetch(sql("enrolments"), course, after, limit + 1)
    found = tuple(Enrolment(**dict(row)) for row in rows[:limit])
    is_last = len(rows) <= limit
    return Enrolments(found, None if is_last else cursor_of(parts, name, tenant, (found[-1].user,)))


@put("/courses/{course:str}/enrolments/{user:str}", guards=[require_csrf])
async def enrol(
    request: HttpRequest,
    access: Caller,
    course: FromPath[str],
    user: FromPath[str],
    data: JSONBody[Enrol],
) -> Enrolment:
    """Lets somebody take part in a course, or gives them another role in it."""
    parts = parts_of(request)
    await _require_teacher(parts, access, course)
    async with parts.pool.acquire() as connection, connection.transaction():
        await connection.execute(sql("lock_course"), course)
        known = await connection.fetchval(sql("enrolment_role"), course, user)
        count = await connection.fetchval(sql("count_enrolments"), course)
        if known is None and count >= ENROLMENTS_PER_COURSE_MAX:
            raise Problem(409, "limit_reached", "This course has too many people.")
        enrolled = await connection.fetchval(
            sql("enrol"), course, user, access.person.tenant, data.role, access.person.id, parts.clock()
        )
        if enrolled is not None and known != data.role:
            await connection.execute(sql("count_course_version"), course)
    if enrolled is None:
        raise not_found()
    if known != data.role:
        await note(request, access, f"course.enrolled_{data.role}", about=f"{course}/{user}")
    row = await parts.pool.fetchrow(sql("enrolment"), course, user)
    if row is None:  # Somebody was quicker in ending it.
        raise not_found()
    return Enrolment(**dict(row))


@delete("/courses/{course:str}/enrolments/{user:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def end_enrolment(
    request: HttpRequest, access: Caller, course: FromPath[str], user: FromPath[str]
) -> None:
    """Ends somebody's part in a course."""
    parts = parts_of(request)
    await _require_teacher(parts, access, course)
    async with parts.pool.acquire() as connection, connection.transaction():
        ended = await connection.fetchval(sql("end_enrolment"), course, user)
        await connection.execute(sql("count_course_version"), course)
        if ended is None:
            raise not_found()  # And so nothing was counted.
    await note(request, access, "course.enrolment_ended", about=f"{course}/{user}")


# --- what they share -----------------------------------------------------------------------------
def _teaches(access: Access) -> bool:
    return bool({"teach", "administer"} & set(access.person.capabilities))


async def _find(parts: Parts, access: Access, course: str) -> Course:
    """A course that the asker may see. Raises Problem 404."""
    row: asyncpg.Record | None = await parts.pool.fetchrow(sql("course"), access.person.tenant, course)
    if row is None or not (_teaches(access) or await _role(parts, access, course) is not None):
        raise not_found()
    return Course(**dict(row))


async def _require_teacher(parts: Parts, access: Access, course: str) -> None:
    """Raises Problem 404 for a course that the asker may not see, 403 for one that is not theirs."""
    found = await _find(parts, access, course)
    is_theirs = "administer" in access.person.capabilities or found.created_by == access.person.id
    if not is_theirs and await _role(parts, access, course) != "teacher":
        raise forbidden()


async def _role(parts: Parts, access: Access, course: str) -> CourseRole | None:
    role: CourseRole | None = await parts.pool.fetchval(sql("enrolment_role"), course, access.person.id)
    return role


def _tagged(course: Course) -> Response[Course]:
    return Response(course, headers={"ETag": version_tag(course.version)})


ROUTES = [
    list_courses,
    create_course,
    get_course,
    change_course,
    list_enrolments,
    enrol,
    end_enrolment,
]
