import { useMemo, useState } from "react";
import { t, tn } from "../messages";
import type { ParticipantView } from "../schema";
import { PanelHead } from "./Chat";
import { Icon, type IconName } from "./icons";
import { Avatar, Confirm } from "./parts";
import { useClient, useMay, useSpeaking, useView } from "./room";

/** Who is here: raised hands in order, then everybody, with what a host may do about each. */
export function People({ onClose }: { onClose: () => void }) {
  const view = useView();
  const people = useMemo(() => new Map(view.participants.map((p) => [p.id, p])), [view.participants]);
  const hands = view.hands.flatMap((hand) => people.get(hand.participant) ?? []);
  const [removing, setRemoving] = useState<ParticipantView | null>(null);
  const client = useClient();
  return (
    <>
      <PanelHead
        title={`${t("people.title")} (${view.crowd ?? view.participants.length})`}
        onClose={onClose}
      />
      <div className="people">
        {hands.length > 0 && (
          <section aria-labelledby="hands-heading">
            <h3 id="hands-heading">{t("people.hands")}</h3>
            <ol className="hands">
              {hands.map((person, index) => (
                <RaisedHand key={person.id} person={person} place={index + 1} />
              ))}
            </ol>
          </section>
        )}
        <section aria-labelledby="people-heading">
          <h3 id="people-heading">{t("people.inClass")}</h3>
          <ul>
            {view.participants.map((person) => (
              <Person key={person.id} person={person} onRemove={() => setRemoving(person)} />
            ))}
          </ul>
        </section>
        <p className="sr-only" aria-live="polite">
          {tn("class.people", view.crowd ?? view.participants.length)}
        </p>
      </div>
      {removing && (
        <Confirm
          title={t("people.remove.confirm", { name: removing.display_name })}
          hint={t("people.remove.hint", { name: removing.display_name })}
          action={t("people.remove.yes")}
          onCancel={() => setRemoving(null)}
          onConfirm={() => {
            setRemoving(null);
            void client.command("remove_participant", { participant: removing.id });
          }}
        />
      )}
    </>
  );
}

function RaisedHand({ person, place }: { person: ParticipantView; place: number }) {
  const client = useClient();
  const may = useMay();
  const { me } = useView();
  const name = person.display_name;
  return (
    <li className="person">
      <span className="hand-place" aria-hidden="true">
        {place}
      </span>
      <span className="person-text">
        <span className="person-name">{name}</span>
      </span>
      {(may("lower_hands") || person.id === me.participant) && (
        <Action
          icon="hand"
          label={t("people.lowerHand", { name })}
          onClick={() => void client.command("lower_hand", { participant: person.id })}
        />
      )}
    </li>
  );
}

function Person({ person, onRemove }: { person: ParticipantView; onRemove: () => void }) {
  const client = useClient();
  const may = useMay();
  const { me, tracks } = useView();
  const speaking = useSpeaking(person.id);
  const name = person.display_name;
  const mine = person.id === me.participant;
  const microphone = tracks.find((track) => track.participant === person.id && track.source === "microphone");
  const open = microphone !== undefined && !microphone.muted;
  const other = person.role === "viewer" ? "speaker" : "viewer";
  return (
    <li className="person" data-away={!person.connected}>
      <Avatar id={person.id} name={name} />
      <span className="person-text">
        <span className="person-name">{mine ? t("class.you", { name }) : name}</span>
        <span className="person-role">
          {person.connected ? t(`role.${person.role}`) : t("class.away")}
          {person.guest && ` · ${t("role.guest")}`}
        </span>
      </span>
      <span className="person-mic" data-open={open} data-speaking={open && speaking}>
        <Icon name={open ? "microphone" : "microphoneOff"} size={18} />
        <span className="sr-only">{open ? (speaking ? t("class.speaking") : "") : t("class.muted")}</span>
      </span>
      {!mine && (
        <span className="person-actions">
          {may("mute") && open && (
            <Action
              icon="microphoneOff"
              label={t("people.mute", { name })}
              onClick={() => void client.command("mute_track", { track: microphone.id })}
            />
          )}
          {may("change_role") && (person.role === "viewer" || person.role === "speaker") && (
            <Action
              icon={other === "viewer" ? "eye" : "microphone"}
              label={t(other === "viewer" ? "people.makeViewer" : "people.makeSpeaker", { name })}
              onClick={() => void client.command("change_role", { participant: person.id, role: other })}
            />
          )}
          {may("remove") && <Action icon="remove" label={t("people.remove", { name })} onClick={onRemove} />}
        </span>
      )}
    </li>
  );
}

function Action({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} size={18} />
    </button>
  );
}
