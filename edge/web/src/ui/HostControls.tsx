import { type ReactNode, useState } from "react";
import { t } from "../messages";
import { InviteButton } from "./Invite";
import { Button, Confirm } from "./parts";
import { useClient, useMay, useView } from "./room";

/** What hosts do for the whole class: invite, record, end. */
export function HostControls({ withShare }: { withShare?: ReactNode }) {
  const may = useMay();
  const view = useView();
  return (
    <div className="host-controls">
      {withShare}
      {may("start_session") && <InviteButton room={view.room} />}
      {may("record") && <RecordButton />}
      {may("end_session") && <EndButton />}
    </div>
  );
}

function RecordButton() {
  const client = useClient();
  const recording = useView().recordings.some((r) => r.status === "recording");
  const [busy, setBusy] = useState(false);
  async function toggle() {
    setBusy(true);
    await client.command(recording ? "stop_recording" : "start_recording", {});
    setBusy(false);
  }
  return (
    <Button
      icon={recording ? "stop" : "record"}
      className="record-button"
      busy={busy}
      onClick={() => void toggle()}
    >
      {t(recording ? "control.stopRecord" : "control.record")}
    </Button>
  );
}

function EndButton() {
  const client = useClient();
  const { participants, crowd } = useView();
  const count = crowd ?? participants.length;
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button tone="danger" onClick={() => (count > 1 ? setAsking(true) : void client.end())}>
        {t("control.end")}
      </Button>
      {asking && (
        <Confirm
          title={t("control.end.confirm")}
          hint={t("control.end.hint")}
          action={t("control.end.yes")}
          onCancel={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            void client.end();
          }}
        />
      )}
    </>
  );
}
