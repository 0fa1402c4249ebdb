import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { connection } from "./connection.svelte";
import { follow } from "./data.svelte";
import { notices } from "./notices.svelte";
import { loadPreferences } from "./preferences.svelte";
import { router } from "./router.svelte";

connection.open();
follow();
notices.follow();
router.start();
void loadPreferences();

const place = document.getElementById("app");
if (place) mount(App, { target: place });
