// Keeps exactly one bill to read without a connection. It goes when the reader signs out, when the
// server no longer knows the reader, and after 35 days. The office's pages are none of its business.
const BILL = "bill";
const OFFLINE = "offline";
const MOST_MS = 35 * 86_400_000;
const A_BILL = /^\/bills\/[\w%-]+$/u;
const LEAVING = /^\/(logout|settings\/sessions\/close)$/u;

const forget = () => caches.delete(BILL);

const files = (html) => new Set([...html.matchAll(/"(\/static\/[^"]+)"/gu)].map(([, path]) => path));

const keep = async (name, path, answer) => {
  const html = await answer.text();
  if (!html.includes("data-kept")) return; // read by a mailed link alone, which ends by itself
  const headers = new Headers(answer.headers);
  headers.set("X-Kept-At", String(Date.now()));
  headers.delete("Set-Cookie");
  await caches.delete(name);
  const cache = await caches.open(name);
  await cache.put(path, new Response(html, { headers }));
  await Promise.allSettled([...files(html)].map((file) => cache.add(file)));
};

const kept = async () => {
  if (!(await caches.has(BILL))) return null;
  const cache = await caches.open(BILL);
  const page = (await cache.keys()).find(({ url }) => A_BILL.test(new URL(url).pathname));
  if (!page) return null;
  const answer = await cache.match(page);
  if (Date.now() - Number(answer.headers.get("X-Kept-At")) < MOST_MS) {
    return { path: new URL(page.url).pathname, answer };
  }
  await forget();
  return null;
};

const changed = async (answer, from, to) =>
  new Response((await answer.text()).replace(from, to), { headers: answer.headers });

const withoutLine = async (path) => {
  const bill = await kept();
  if (bill?.path === path) return changed(bill.answer, "data-kept hidden", "data-kept");
  const page = await caches.match("/offline");
  if (!page) return Response.error();
  return bill ? changed(page, 'data-kept hidden href="/bills"', `data-kept href="${bill.path}"`) : page;
};

const visit = async (event, path) => {
  const { request } = event;
  if (request.method === "POST" && LEAVING.test(path)) await forget();
  let answer;
  try {
    answer = await fetch(request);
  } catch {
    return withoutLine(path);
  }
  const isTurnedAway = answer.status === 401
    || (request.method === "GET" && answer.type === "opaqueredirect" && path !== "/login");
  if (isTurnedAway) event.waitUntil(forget());
  else if (answer.ok && A_BILL.test(path)) event.waitUntil(keep(BILL, path, answer.clone()));
  else event.waitUntil(kept());
  return answer;
};

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== location.origin || pathname.startsWith("/office")) return;
  if (event.request.mode === "navigate") event.respondWith(visit(event, pathname));
  else if (pathname.startsWith("/static/")) {
    event.respondWith(fetch(event.request).catch(async () => (await caches.match(event.request.url)) ?? Response.error()));
  }
});
addEventListener("message", ({ data }) => (data === "forget" ? forget() : fetch(data).then((answer) => answer.ok && A_BILL.test(data) && keep(BILL, data, answer))));
addEventListener("install", (event) => event.waitUntil(fetch("/offline").then((answer) => keep(OFFLINE, "/offline", answer)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
