// A run's bar moves by itself; the page comes anew once the run is over.
const EVERY_MS = 1500;
const box = document.querySelector("[data-progress]");

async function look() {
  const answer = await fetch(box.dataset.progress, { credentials: "same-origin" });
  if (!answer.ok) return location.reload();
  const told = await answer.json();
  if (told.is_finished) return location.reload();
  const bar = box.querySelector("progress");
  bar.max = told.total || 1;
  bar.value = told.done;
  box.querySelector("[data-progress-done]").textContent = told.done.toLocaleString();
  box.querySelector("[data-progress-total]").textContent = told.total.toLocaleString();
  return setTimeout(look, EVERY_MS);
}

if (box) setTimeout(look, EVERY_MS);
