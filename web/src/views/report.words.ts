import { words } from "../i18n/index.svelte";

export const t = words({
  en: {
    text: "How the portfolio stands, as echelon report says it",
    copy: "Copy as Markdown",
    failed: "The browser did not let the page copy.",
    download: "Download",
    "as.markdown": "Markdown",
    "as.json": "JSON, by a published schema",
    "as.html": "One HTML page with pictures",
    html: "The HTML page draws its pictures with scripts of its own, so it is saved and opened from your disk, never inside the console.",
    saved: "{name} is saved",
    cut: "Only the beginning is shown here. Download the report for all of it.",
    empty: "There is nothing to report yet",
  },
  fr: {
    text: "Où en est le portefeuille, comme le dit echelon report",
    copy: "Copier en Markdown",
    failed: "Le navigateur n'a pas laissé la page copier.",
    download: "Télécharger",
    "as.markdown": "Markdown",
    "as.json": "JSON, selon un schéma publié",
    "as.html": "Une page HTML avec des images",
    html: "La page HTML dessine ses images avec ses propres scripts ; elle est donc enregistrée et ouverte depuis votre disque, jamais dans la console.",
    saved: "{name} est enregistré",
    cut: "Seul le début est affiché ici. Téléchargez le rapport pour tout avoir.",
    empty: "Il n'y a encore rien à rapporter",
  },
});
