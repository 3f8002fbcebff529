import { t } from "../messages";
import type { Ending as EndingCode } from "../net/socket";
import type { IconName } from "./icons";
import { signedOut } from "./login";
import { Button, Message } from "./parts";

/** The line to the room is over for good: why, and what can be done. */
export function Ending({ ending, onUseHere }: { ending: EndingCode; onUseHere: () => void }) {
  return (
    <main className="center" id="content">
      {screenFor(ending, onUseHere)}
    </main>
  );
}

function screenFor(ending: EndingCode, onUseHere: () => void) {
  const home = (
    <a className="button button-plain" href="/">
      {t("app.backHome")}
    </a>
  );
  switch (ending.code) {
    case "replaced":
      return say(
        "screen",
        t("room.replaced"),
        t("room.replaced.hint"),
        <Button tone="primary" onClick={onUseHere}>
          {t("room.useHere")}
        </Button>,
      );
    case "removed":
      return say("remove", t("room.removed"), t("room.removed.hint"), home);
    case "no_such_room":
      return say("warning", t("room.gone"), t("room.gone.hint"), home);
    case "forbidden":
      return say("warning", t("room.forbidden"), t("room.forbidden.hint"), home);
    case "not_signed_in":
      return say(
        "people",
        t("room.signInAgain"),
        t("room.signInAgain.hint"),
        <Button tone="primary" onClick={signedOut}>
          {t("signin.submit")}
        </Button>,
      );
    default:
      return say(
        "warning",
        t("room.outdated"),
        t("room.outdated.hint"),
        <Button tone="primary" onClick={() => location.reload()}>
          {t("app.reload")}
        </Button>,
      );
  }
}

function say(icon: IconName, title: string, hint: string, action: React.ReactNode) {
  return (
    <Message icon={icon} title={title} hint={hint}>
      {action}
    </Message>
  );
}
