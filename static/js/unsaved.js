// A form in which something was written and not sent asks before the page is left. Ticks of a list
// and passwords are no writing; what came back with an error, or waits for a last look, is.
const TICKED = "[type=password], .pick *, .runbar [type=checkbox]";
for (const form of document.querySelectorAll("form[method=post]")) {
  let isChanged = form.matches("[data-unsaved], :has([aria-invalid])");
  form.addEventListener("input", ({ target }) => { isChanged ||= !target.matches(TICKED); });
  form.addEventListener("submit", () => { isChanged = false; });
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}
