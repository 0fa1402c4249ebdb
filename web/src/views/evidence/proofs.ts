/** What an event of a verification adds to what is known of it. Pure. */
import type { ProofRow, VerificationRun } from "../../api";

export type Told = Omit<VerificationRun, "proofs"> & { workspace: string; proof: ProofRow | null };

/** Keeps what has been proved; an event may come twice. */
export function withProof(run: VerificationRun, { workspace: _, proof, ...now }: Told): VerificationRun {
  const before = run.proofs ?? [];
  const known = proof === null || before.some((row) => row.key === proof.key && row.commit === proof.commit);
  return { ...run, ...now, proofs: known || !proof ? before : [...before, proof] };
}
