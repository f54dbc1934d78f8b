/** The page: a row for each device, updated by server-sent events. */
export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Thermometers</title>
<style>body { font: 16px system-ui; margin: 3rem } td, th { padding: .3rem 1.2rem; text-align: right }</style>
<h1>Thermometers, the last second</h1>
<table><thead><tr><th>device<th>average<th>highest<th>readings</thead><tbody></tbody></table>
<script type="module">
  const body = document.querySelector("tbody");
  const rows = new Map();
  new EventSource("/events").addEventListener("window", ({ data }) => {
    const window = JSON.parse(data);
    if (!rows.has(window.device)) rows.set(window.device, body.insertRow());
    const row = rows.get(window.device);
    const texts = [window.device, window.avg_celsius.toFixed(1), window.max_celsius, window.count];
    row.replaceChildren(...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  });
</script>
`;
