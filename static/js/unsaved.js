// A form that was changed and not sent asks before the page is left.
for (const form of document.querySelectorAll("[data-unsaved]")) {
  let isChanged = form.dataset.unsaved === "changed";
  form.addEventListener("input", () => { isChanged = true; });
  form.addEventListener("submit", () => { isChanged = false; });
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}
