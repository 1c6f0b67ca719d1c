// Desk tables: "/" goes to the search, a click on a row opens it, a wide one scrolls in its box.
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea");
  const search = document.querySelector("[data-search]");
  if (event.key !== "/" || isTyping || !search || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

for (const row of document.querySelectorAll("[data-rows] tbody tr")) {
  row.addEventListener("click", (event) => {
    const isOwn = event.target.closest("a, button, input, label");
    if (!isOwn && getSelection().isCollapsed) row.querySelector("a")?.click();
  });
}

function fit() {
  for (const box of document.querySelectorAll(".tblwrap")) {
    const isWide = box.scrollWidth > box.clientWidth;
    box.classList.toggle("is-wide", isWide);
    if (!isWide || box.tabIndex === 0) continue;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.querySelector("caption").textContent);
  }
}

fit();
addEventListener("resize", fit);
