// Ticked rows of a list: how many, and all of a page by one tick.
const words = document.querySelector("[data-pick-count]");
const whole = document.querySelector("[data-pick-all]");
const ticks = [...document.querySelectorAll("[name=picked], [name=tick]")];

function show() {
  const count = ticks.filter((one) => one.checked).length;
  words.textContent = words.dataset.words.replace("{n}", count);
  whole.checked = count > 0 && count === ticks.length;
  whole.indeterminate = count > 0 && count < ticks.length;
  for (const one of ticks) one.closest("tr").classList.toggle("picked", one.checked);
}

if (words && whole) {
  whole.hidden = false;
  whole.addEventListener("change", () => {
    for (const one of ticks) one.checked = whole.checked;
    show();
  });
  for (const one of ticks) one.addEventListener("change", show);
  show();
}
