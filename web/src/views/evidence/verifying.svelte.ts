/** The proof being run again: one run for each workspace, told by events, found again after a reload. */
import type { Failure, VerificationRun } from "../../api";
import { patch, post, useEvent, useRead } from "../../data.svelte";
import { withProof, type Told } from "./proofs";

export interface Verifying {
  readonly run: VerificationRun | undefined;
  readonly running: boolean;
  /** Told to stop, and ending. */
  readonly stopping: boolean;
  readonly refused: Failure | undefined;
  /** Keys of items; none means all. */
  begin(keys: string[]): Promise<void>;
  stop(): Promise<void>;
  dismiss(): void;
}

export function verifying(): Verifying {
  const read = useRead("/api/evidence/verify");
  let refused = $state.raw<Failure>();
  let asking = $state(false);
  useEvent<Told>("progress", (told) => {
    if (!told.began) return; // the progress of something else
    if (told.began !== read.data?.began) return read.reload(); // begun elsewhere
    for (const workspace of [told.workspace, ""]) patch("/api/evidence/verify", workspace, (run) => withProof(run, told));
  });
  return {
    get run() {
      return read.data;
    },
    get running() {
      return asking || read.data?.state === "running" || read.data?.state === "stopping";
    },
    get stopping() {
      return read.data?.state === "stopping";
    },
    get refused() {
      return refused;
    },
    async begin(keys) {
      asking = true;
      const answer = await post("/api/evidence/verify", {}, { keys });
      asking = false;
      refused = answer.ok ? undefined : answer;
      read.reload();
    },
    async stop() {
      const answer = await post("/api/evidence/verify/stop");
      refused = answer.ok ? undefined : answer;
      read.reload();
    },
    dismiss() {
      refused = undefined;
    },
  };
}
