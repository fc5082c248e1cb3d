// Questions to a person: the exact action, what it does, how it is undone, and until when.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { StateView } from "../../../src/protocol/api.ts";
import { answer } from "../api.ts";
import { countdown } from "../format.ts";
import { incidentHref } from "../routes/router.ts";
import { ageMs, state } from "../store.ts";
import { attempt } from "../toasts.ts";
import { Shape } from "./shape.tsx";

type ApprovalView = StateView["approvals"][number];

function ApprovalCard(props: { approval: ApprovalView }): JSX.Element {
  const { approval } = props;
  const busy = useSignal(false);
  const leftMs = Math.max(0, approval.expiresInMs - ageMs.value);
  const what = `${approval.action} ${approval.target}`;
  const give = async (verb: "approve" | "deny"): Promise<void> => {
    busy.value = true;
    const done = verb === "approve" ? `Approved: ${what}.` : `Denied: ${what}.`;
    await attempt(() => answer(approval.id, verb), done);
    busy.value = false;
  };
  const closed = busy.value || leftMs === 0;
  return (
    <article class="approval" aria-label={`Approval ${approval.id}: ${what}`}>
      <div class="approval-head">
        <h3>
          <Shape name="triangle" tone="warn" />
          <span class="action-name">{approval.action}</span> <code>{approval.target}</code>?
        </h3>
        <p role="timer">
          {leftMs === 0 ? (
            "expired"
          ) : (
            <>
              expires in <b>{countdown(leftMs)}</b>
            </>
          )}
        </p>
      </div>
      <dl class="pairs">
        <dt>Effect</dt>
        <dd>{approval.effect}</dd>
        <dt>Undo</dt>
        <dd>{approval.undo}</dd>
        <dt>Why</dt>
        <dd>
          <a href={incidentHref(approval.incident)}>incident {approval.incident}</a>{" "}
          <span class="quiet">· approval {approval.id}</span>
        </dd>
      </dl>
      <div class="buttons">
        <button
          type="button"
          class="button button-main"
          disabled={closed}
          onClick={() => give("approve")}
        >
          Approve
        </button>
        <button type="button" class="button" disabled={closed} onClick={() => give("deny")}>
          Deny
        </button>
      </div>
    </article>
  );
}

export function Approvals(): JSX.Element | null {
  const open = state.value?.approvals.filter((approval) => approval.state === "open") ?? [];
  if (open.length === 0) return null;
  return (
    <section class="approvals" aria-label="Waiting for your answer">
      {open.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} />
      ))}
    </section>
  );
}
