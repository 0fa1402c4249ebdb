/** What the plan said when it was written, until somebody has read it: the form is gone by then. */
export const outcome = $state<{ message: string }>({ message: "" });
