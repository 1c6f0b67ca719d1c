// The last bill that was opened stays readable without a connection, until its reader signs out.
const bill = /^\/bills\/[\w%-]+$/u;
const worker = navigator.serviceWorker;

if (worker) {
  worker.register("/sw.js").catch(() => {}); // a browser that refuses reads with a connection
  worker.ready.then(({ active }) => {
    if (!worker.controller && bill.test(location.pathname)) active.postMessage(location.pathname);
  });
  for (const form of document.querySelectorAll("form[action='/logout'], [data-leave]")) {
    form.addEventListener("submit", () => worker.controller?.postMessage("forget"));
  }
}
