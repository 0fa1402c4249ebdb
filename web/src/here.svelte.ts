/** Which workspace a view is about, by its id: an address without one means the first, and that may change under it. */
import { useRead } from "./data.svelte";
import { router } from "./router.svelte";

/** `id` is "" until it is known, and then the same for as long as the component lives. */
export function useHere(): { readonly id: string; readonly path: string } {
  const all = useRead("/api/workspaces");
  let pinned = $state(router.workspace);
  $effect(() => {
    if (!pinned) pinned = all.data?.workspaces[0]?.id ?? "";
  });
  return {
    get id() {
      return pinned;
    },
    get path() {
      return all.data?.workspaces.find(({ id }) => id === pinned)?.path ?? "";
    },
  };
}
