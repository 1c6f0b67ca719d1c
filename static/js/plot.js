// A chart is drawn from the table beside it, once it comes into view, so that both agree.
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const figure = (text) => Number(text.replaceAll(",", "").replace("\u2212", "-"));

const load = (box) => new Promise((done, failed) => {
  if (window.Chart) return done();
  const script = document.createElement("script");
  Object.assign(script, { src: box.dataset.library, integrity: box.dataset.integrity, onload: done, onerror: failed });
  document.head.append(script);
});

const diagonals = (ground, line) => {
  const pen = Object.assign(document.createElement("canvas"), { width: 6, height: 6 }).getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = line;
  pen.lineWidth = 1.2;
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift - 1, 7);
    pen.lineTo(shift + 7, -1);
  }
  pen.stroke();
  return pen.createPattern(pen.canvas, "repeat");
};

const read = (table) => {
  const place = (series) => [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.series === series);
  const rows = [...table.tBodies[0].rows];
  return ("newestFirst" in table.dataset ? rows.reverse() : rows).map(({ cells, dataset }) => ({
    name: cells[0].textContent.trim(), label: cells[0].dataset.short,
    isMissing: "missing" in dataset, isEstimated: "estimated" in dataset,
    used: cells[place("used")]?.textContent.trim(), sold: cells[place("sold")]?.textContent.trim(),
  }));
};

const series = (rows, key, fill, edge) => ({
  data: rows.map((row) => (row.isMissing ? null : figure(row[key]))), stack: "kWh",
  backgroundColor: rows.map((row) => (row.isEstimated ? ink("--surface") : fill)),
  borderColor: rows.map((row) => (row.isEstimated ? edge : ink("--surface"))),
  borderWidth: rows.map((row) => (row.isEstimated ? 1.5 : { top: key === "used" ? 1.5 : 0 })), borderSkipped: false,
});

const missing = (rows) => {
  const top = Math.max(1, ...rows.filter((row) => !row.isMissing).map((row) => figure(row.used) + figure(row.sold)));
  return { data: rows.map((row) => (row.isMissing ? top : null)), stack: "kWh",
    backgroundColor: diagonals(ink("--surface"), ink("--energy-missing")) };
};

const draw = (box) => {
  const rows = read(box.querySelector("[data-table]"));
  const line = box.querySelector("[data-readout]");
  const pick = (at) => ["label", "used", "sold"].forEach((part, n) => {
    line.querySelector(`[data-readout-${part}]`).textContent = [rows[at].name, rows[at].used, rows[at].sold][n] ?? "";
  });
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75;
  const scale = { stacked: true, ticks: { color: ink("--ink-soft"), font: { size }, maxRotation: 0, autoSkipPadding: 14, maxTicksLimit: 12 } };
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", box.querySelector("[data-canvas]").dataset.label);
  box.querySelector("[data-canvas]").replaceChildren(canvas);
  pick(Math.max(0, rows.findLastIndex((row) => !row.isMissing)));
  line.hidden = false;
  const touch = (_event, hits) => hits.length && pick(hits[0].index);
  return new window.Chart(canvas, { type: "bar", data: { labels: rows.map((row) => row.label), datasets: [
    series(rows, "used", ink("--energy-used"), ink("--energy-used")),
    series(rows, "sold", diagonals(ink("--energy-sold"), ink("--surface")), ink("--energy-sold")), missing(rows)] },
  options: { animation: false, maintainAspectRatio: false, categoryPercentage: 0.86, barPercentage: 0.86, onClick: touch, onHover: touch,
    interaction: { mode: "index", intersect: false }, plugins: { legend: { display: false }, tooltip: { enabled: false } },
    scales: { x: { ...scale, grid: { display: false }, border: { color: ink("--ink") } },
      y: { ...scale, beginAtZero: true, grid: { color: ink("--line") }, border: { display: false }, ticks: { ...scale.ticks, maxTicksLimit: 5 } } } } });
};

const seen = new IntersectionObserver((hits) => hits.filter((hit) => hit.isIntersecting).forEach(async ({ target }) => {
  seen.unobserve(target);
  await load(target);
  let chart = draw(target);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { chart.destroy(); chart = draw(target); });
}), { rootMargin: "100px" });
document.querySelectorAll("[data-plot]").forEach((box) => seen.observe(box));
