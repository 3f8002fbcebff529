-- Courses and who takes part in them: tables of the edge, every change on AUDIT. A room says on the log to
-- which course it belongs.

create table identity.course (
    id          text    primary key,
    tenant      text    not null references identity.tenant (id),
    title       text    not null,
    description text    not null default '',
    version     bigint  not null default 1, -- Of the course itself; what If-Match compares.
    archived_at bigint,
    created_by  text    not null,
    created_at  bigint  not null
);
create index course_of_tenant on identity.course (tenant, created_at desc, id desc);

create table identity.enrolment (
    course      text    not null references identity.course (id) on delete cascade,
    person      text    not null references identity.person (id) on delete cascade,
    role        text    not null check (role in ('teacher', 'assistant', 'learner')),
    enrolled_by text    not null,
    enrolled_at bigint  not null,
    primary key (course, person)
);
create index enrolment_of_person on identity.enrolment (person);
