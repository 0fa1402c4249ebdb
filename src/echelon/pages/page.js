"use strict";
// Each picture is a block of JSON beside the place that shows it. Without this script the words and tables remain.
// The buttons are named one by one, and there is no server: plotly would offer to upload a chart, and does so in a new
// window, which no Content-Security-Policy stops.
const LOOK = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"];
for (const block of document.querySelectorAll("script[data-picture]")) {
  const place = document.getElementById(block.dataset.picture);
  const figure = JSON.parse(block.textContent);
  place.hidden = false;
  Plotly.newPlot(place, figure.data, figure.layout, {
    responsive: true,
    displaylogo: false,
    scrollZoom: false,
    typesetMath: false,
    plotlyServerURL: "",
    modeBarButtons: [figure.layout.xaxis ? LOOK : [], ["toImage"]],
  });
}
