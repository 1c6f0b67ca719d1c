// A secret that is shown can be copied, and goes from the screen after half a minute.
const SHOWN_MS = 30_000;

for (const box of document.querySelectorAll("[data-secret]")) {
  const button = box.querySelector("[data-copy]");
  const secret = box.querySelector("[data-text]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(secret.textContent.replace(/\s/gu, ""));
    button.textContent = button.dataset.done;
  });
  if (box.dataset.secret !== "stay") setTimeout(() => box.remove(), SHOWN_MS);
}
