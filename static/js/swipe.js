// A swipe to the right goes back in time, one to the left forward, as the arrows do.
const FAR = 60;

for (const area of document.querySelectorAll("[data-swipe]")) {
  let begun = null;
  area.addEventListener("touchstart", ({ touches: [touch], target }) => {
    begun = target.closest("table, .canvas") ? null : touch;
  }, { passive: true });
  area.addEventListener("touchend", ({ changedTouches: [touch] }) => {
    if (!begun) return;
    const x = touch.clientX - begun.clientX;
    const y = touch.clientY - begun.clientY;
    begun = null;
    if (Math.abs(x) < FAR || Math.abs(y) > Math.abs(x) / 2) return;
    area.querySelector(`[data-step=${x > 0 ? "before" : "after"}]`)?.click();
  }, { passive: true });
}
