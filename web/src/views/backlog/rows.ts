import type { Answer } from "../../api";

export type ItemRow = Answer<"/api/backlog">["items"][number];
