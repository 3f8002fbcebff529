-- What the edge reads. Every query names its tenant.

-- name: list_rooms
select r.room, r.title, r.owner, r.default_role, r.created_at,
       (select to_json(s) from (
            select session as id, title, status, starts_at, minutes, started_at, ended_at, series from read.sessions
            where tenant = r.tenant and room = r.room and status = 'live' limit 1) s)::text as live,
       (select to_json(s) from (
            select session as id, title, status, starts_at, minutes, started_at, ended_at, series from read.sessions
            where tenant = r.tenant and room = r.room and status = 'scheduled'
            order by starts_at, session limit 1) s)::text as next_scheduled,
       (select count(*) from read.recordings c where c.tenant = r.tenant and c.room = r.room) as recordings, r.archived_at, r.course
from read.rooms r
where r.tenant = $1
  and not exists (select from read.breakout_children b where b.tenant = r.tenant and b.room = r.room)
  and (r.archived_at is not null) = $6 and ($7::text is null or r.course = $7)
  and ($2::bigint is null or (r.created_at, r.room) < ($2::bigint, $3::text))
  and ($5::text is null or r.owner = $5
       or exists (select from read.members m where m.tenant = r.tenant and m.room = r.room and m.person = $5)
       or exists (select from read.people p where p.tenant = r.tenant and p.room = r.room and p.person = $5))
order by r.created_at desc, r.room desc
limit $4;

-- name: get_room
select r.room, r.title, r.owner, r.default_role, r.created_at,
       (select to_json(s) from (
            select session as id, title, status, starts_at, minutes, started_at, ended_at, series from read.sessions
            where tenant = r.tenant and room = r.room and status = 'live' limit 1) s)::text as live,
       (select to_json(s) from (
            select session as id, title, status, starts_at, minutes, started_at, ended_at, series from read.sessions
            where tenant = r.tenant and room = r.room and status = 'scheduled'
            order by starts_at, session limit 1) s)::text as next_scheduled,
       (select count(*) from read.recordings c where c.tenant = r.tenant and c.room = r.room) as recordings, r.archived_at, r.course
from read.rooms r
where r.tenant = $1 and r.room = $2;

-- name: member_role
select case when r.owner = $3 then 'host' else m.role end
from read.rooms r
left join read.members m on m.tenant = r.tenant and m.room = r.room and m.person = $3
where r.tenant = $1 and r.room = $2;

-- name: list_sessions
select session as id, title, status, starts_at, minutes, started_at, ended_at, series
from read.sessions
where tenant = $1 and room = $2
order by status in ('ended', 'cancelled'), status <> 'live',
         case when status = 'scheduled' then starts_at end, coalesce(started_at, starts_at) desc, session
limit $3;

-- name: attendance
-- Of all, or of one participant. Of who is in class still, what is over counts.
select participant, person, display_name, role, guest, device, joined_at, left_at, reason, connected_ms,
       greatest(cardinality(connected_from) - 1, 0) as reconnects,
       microphone_ms, camera_ms, screen_ms, hands, messages, questions, answers, reactions,
       connected_from, connected_to
from read.attendance
where tenant = $1 and room = $2 and session = $3 and ($4::text is null or participant = $4)
union all
select participant, person, display_name, role, guest, device, joined_at, null, null,
       (select coalesce(sum(u - f), 0)::bigint
        from unnest(connected_from[1:cardinality(connected_to)], connected_to) as i (f, u)),
       greatest(cardinality(connected_from) - 1, 0),
       m.microphone_ms, m.camera_ms, m.screen_ms, hands, messages, questions, answers, reactions,
       connected_from, connected_to
from read.roster r
cross join lateral (
    select coalesce(sum(until - since) filter (where source = 'microphone'), 0)::bigint as microphone_ms,
           coalesce(sum(until - since) filter (where source = 'camera'), 0)::bigint as camera_ms,
           coalesce(sum(until - since) filter (where source = 'screen'), 0)::bigint as screen_ms
    from read.roster_media o
    where o.tenant = r.tenant and o.room = r.room and o.participant = r.participant and o.since >= r.joined_at
) m
where tenant = $1 and room = $2 and session = $3 and ($4::text is null or participant = $4)
order by joined_at, participant;

-- name: recordings
select r.recording as id, r.session, coalesce(nullif(r.title, ''), s.title, '') as title, r.status,
       r.started_at, r.stopped_at, r.duration_ms, r.keep_until, r.asked,
       (select count(*) from read.recording_consents c
        where c.tenant = r.tenant and c.room = r.room and c.recording = r.recording and c.left_out) as left_out
from read.recordings r
left join read.sessions s on s.tenant = r.tenant and s.room = r.room and s.session = r.session
where r.tenant = $1 and r.room = $2 and ($3::text is null or r.recording = $3)
order by r.started_at desc, r.recording
limit $4;

-- name: pauses
select recording, since, until
from read.recording_pauses
where tenant = $1 and room = $2 and recording = any ($3::text[])
order by seq;

-- name: steps
select recording, step, status, progress_percent, detail, at
from read.recording_steps
where tenant = $1 and room = $2 and recording = any ($3::text[])
order by first_seq;

-- name: artifacts
select a.recording, a.artifact as id, a.kind, a.key, a.media_type, a.bytes, a.sha256, a.duration_ms,
       a.offset_ms, a.width_px, a.height_px, a.track, t.kind as track_kind, t.source, t.participant,
       p.display_name
from read.artifacts a
left join read.tracks t on t.tenant = a.tenant and t.room = a.room and t.track = a.track
left join read.people p on p.tenant = t.tenant and p.room = t.room and p.participant = t.participant
where a.tenant = $1 and a.room = $2 and a.recording = any ($3::text[])
order by a.seq, a.artifact;
