/** What the view in sight is called, and how much waits for the person: both name the browser's tab. */
export const heading = $state({ title: "", waiting: 0 });

export const tabTitle = (title: string, waiting: number): string => `${waiting ? `(${waiting}) ` : ""}${title || "…"} · Echelon`;
