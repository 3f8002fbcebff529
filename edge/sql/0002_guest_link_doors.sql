-- A guest link may ask for a passcode (argon2id), and may lead past the lobby of its room.

alter table identity.guest_link
    add column passcode_hash text,
    add column admits boolean not null default false;
alter table identity.guest add column admitted boolean not null default false;
