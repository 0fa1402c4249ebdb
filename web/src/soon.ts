/** Reads of the contract that the service does not publish yet. What it publishes wins over this; the rest goes when all are there. */
type Free = Record<string, unknown>;

export interface Soon {
  "/api/actions": { params: Free; answer: { actions: { name: string; level: string; doc: string; callers: string[]; arguments: Free }[] } };
  "/api/pending": { params: Free; answer: { questions: Free[]; permissions: Free[] } };
  "/api/sessions": { params: Free; answer: Free };
  "/api/sessions/{id}/messages": { params: Free; answer: Free };
  "/api/item": { params: Free; answer: Free };
  "/api/mission": { params: Free; answer: Free };
  "/api/slots": { params: Free; answer: Free };
  "/api/evidence": { params: Free; answer: Free };
  "/api/evidence/item": { params: Free; answer: Free };
  "/api/report": { params: Free; answer: Free };
  "/api/validation": { params: Free; answer: Free };
  "/api/settings": { params: Free; answer: Free };
  "/api/files": { params: Free; answer: Free };
  "/api/file": { params: Free; answer: Free };
}
