// The code's field shows 4 x 4 cells: spaces and hyphens go, the next cell is marked.
const LENGTH = 16;
const CELL = 60;

for (const box of document.querySelectorAll("[data-code]")) {
  const field = box.querySelector("textarea");
  const next = box.querySelector("[data-next]");
  const count = box.parentElement.querySelector("[data-count]");
  const typed = count.querySelector("[data-typed]");

  const tidy = (text) => text.normalize("NFKC").replace(/[\s\-\u2010-\u2015\u2212]/gu, "");

  const show = () => {
    const at = field.value.length;
    typed.textContent = String(at);
    next.setAttribute("x", String(1 + (at % 4) * CELL));
    next.setAttribute("y", String(1 + Math.floor(at / 4) * CELL));
    next.setAttribute("visibility", at < LENGTH ? "visible" : "hidden");
  };

  field.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const tidied = tidy(field.value);
    if (tidied !== field.value) field.value = tidied;
    show();
  });
  field.addEventListener("compositionend", () => {
    field.value = tidy(field.value);
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      field.form.requestSubmit();
    }
  });
  count.hidden = false;
  field.value = tidy(field.value);
  show();
}
