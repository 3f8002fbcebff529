import { t } from "../messages";
import type { User } from "../net/api";
import * as rest from "../net/rest";
import { signedOut } from "./login";
import { Avatar, Button } from "./parts";
import { navigate } from "./router";

/** Who is signed in, and the way out. */
export function Account({ user }: { user: User }) {
  async function leave() {
    try {
      await rest.signOut();
    } finally {
      signedOut();
      navigate("/signin", "replace");
    }
  }
  return (
    <div className="account">
      <Avatar id={user.id} name={user.display_name} />
      <span className="account-name">{user.display_name}</span>
      <Button tone="quiet" onClick={() => void leave()}>
        {t("app.signOut")}
      </Button>
    </div>
  );
}
